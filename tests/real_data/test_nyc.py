"""What every New York City school really reported each day, sent as our schools close theirs: who is late, and a snow day.

The only public stream of a whole district's daily reports. Seven weeks of winter 2013 are read as those of 2024, eleven
years later to the day of the week, when the notice was in force: `NS` (not submitted by 4 p.m.) is a day that nobody closed;
a school without a line on a date was not open on it, which is a closure. On 2014-01-03 it snowed: all but one of 1,585
schools are `NS`.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any, cast

import pytest

from services.audit_worker.catalogue import read_catalogue
from tests.world.district import District

FILE = Path(__file__).parents[2].parent / "shared" / "samples" / "nyc_daily_attendance_2009_2017.csv.gz"
FIRST, LAST, SNOW = date(2013, 12, 2), date(2014, 1, 17), date(2014, 1, 3)
LATER = timedelta(weeks=574)
# A date with fewer lines is a slip of somebody's pen in the holidays.
LEAST_LINES = 100
# So many schools a client; so many schools a district of ours has.
SCHOOLS_A_CLIENT, OUR_SCHOOLS = 60, 350

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason="the New York City daily reports are not beside this checkout (../shared/samples)"
)


@dataclass(frozen=True)
class Reports:
    """Who reported on which day and who did not, by school code; dates as in the file."""

    reported: dict[date, set[str]]
    missing: dict[date, set[str]]

    @property
    def schools(self) -> list[str]:
        """Every school that was open on any of the days."""
        return sorted(set().union(*self.reported.values(), *self.missing.values()))


@pytest.fixture(scope="module")
def reports() -> Reports:
    reported: dict[date, set[str]] = defaultdict(set)
    missing: dict[date, set[str]] = defaultdict(set)
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            if FIRST.strftime("%Y%m%d") <= line["date"] <= LAST.strftime("%Y%m%d"):
                day = date.fromisoformat(line["date"])
                (missing if line["attendance_pct"] == "NS" else reported)[day].add(line["dbn"])
    days = [day for day in reported.keys() | missing.keys() if len(reported[day] | missing[day]) >= LEAST_LINES]
    return Reports({day: reported[day] for day in days}, {day: missing[day] for day in days})


def test_eight_days_with_the_same_figure_do_not_happen_to_real_schools() -> None:
    """What A11 asks at least: in eight years two of 1,745 schools stood still so long with anybody missing."""
    (rule,) = (rule for rule in read_catalogue() if rule.code == "A11")
    figures: dict[str, list[str]] = defaultdict(list)
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            if line["attendance_pct"] != "NS" and line["dbn"] != "TOTAL":
                figures[line["dbn"]].append(line["attendance_pct"])
    still = {
        school
        for school, each in figures.items()
        for figure, run in groupby(each)
        if figure != "100.00" and len(list(run)) >= cast("int", rule.parameters["least_run"])
    }
    assert len(figures) == 1745
    assert len(still) == 2


async def test_late_schools_are_named_one_by_one_and_a_snow_day_once(district: District, reports: Reports) -> None:
    """On the median day a district of 350 schools has 12 findings; the 1,584 that the snow kept are one of the district."""
    number = {school: f"31{place:08d}" for place, school in enumerate(reports.schools, start=1)}
    await open_district_of(district, reports, number)
    for records in days_closed(reports, number):
        await district.school(*{record["school_id"] for record in records}).post("days", *records)
    # What autovacuum has done by the time that a district's weeks are there.
    await district.fetch("analyze")
    district.rules = [rule for rule in district.rules if "days" in rule.header.reads]
    await district.audit()
    found = await district.fetch(
        "select rule, school_id, service_date - $1::interval as day from audit.finding where state <> 'cleared'", LATER
    )

    assert {each["rule"] for each in found} == {"A02", "D15"}
    of_the_district = [each for each in found if each["rule"] == "D15"]
    assert [(each["school_id"], each["day"].date()) for each in of_the_district] == [("district", SNOW)]

    # Whoever reports on no day at all keeps no ledger.
    first = {
        school: min((day for day in reports.reported if school in reports.reported[day]), default=LAST)
        for school in number
    }
    late = {
        (number[school], day)
        for day, schools in reports.missing.items()
        for school in schools
        if first[school] < day < LAST and day != SNOW
    }
    assert {(each["school_id"], each["day"].date()) for each in found if each["rule"] == "A02"} == late

    ordinary = [day for day in reports.reported if FIRST < day < LAST and day != SNOW]
    a_day = median(sum(day == of for _school, of in late) for day in ordinary) / len(number) * OUR_SCHOOLS
    assert round(a_day) == 12, f"{a_day:.1f} findings a day"


async def open_district_of(district: District, reports: Reports, number: dict[str, str]) -> None:
    """The schools, the term with its days, and on each day the closure of those that were not open."""
    dates = sorted(reports.reported)
    term = {"term_id": "2024-2025-1", "starts_on": "2024-09-02", "ends_on": "2025-01-17"}
    await district.bureau.post("terms", {**term, "service_days": [str(day + LATER) for day in dates]})
    schools = [
        {"school_id": school_id, "name": code, "stages": ["primary"], "centre": "primary", "town": code[2:3]}
        for code, school_id in number.items()
    ]
    await district.bureau.post("schools", *schools)
    closures = []
    for day in dates:
        closed = [number[code] for code in number if code not in reports.reported[day] | reports.missing[day]]
        if closed:
            span = {"starts_on": str(day + LATER), "ends_on": str(day + LATER)}
            closures.append({"closure_id": f"not-open-{day}", **span, "schools": closed, "reason": "not in session"})
    await district.bureau.post("closures", *closures)


def days_closed(reports: Reports, number: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    """The closed days, of some schools at a time."""
    codes = list(number)
    for start in range(0, len(codes), SCHOOLS_A_CLIENT):
        some = set(codes[start : start + SCHOOLS_A_CLIENT])
        yield [
            {"school_id": number[code], "service_date": str(day + LATER), "state": "closed"}
            for day in sorted(reports.reported)
            for code in sorted(reports.reported[day] & some)
        ]
