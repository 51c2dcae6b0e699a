"""Reports: a term from the rollups beside the same on the fly, a pay run of every school with every line explained.

Over HTTP and as shipped: sign-in, row level security, the whole answer. What is compared is compared in content as well.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec
import psycopg

from services.cli.bench.audit import Bench, loaded_bench
from services.cli.bench.clients import RequestRefused
from services.cli.bench.measure import Line, Rates, timed
from services.cli.bench.report_crowd import alone_lines, crowd_line
from services.cli.bench.report_frames import workload_by_frames
from services.cli.clients import create_client
from services.cli.processes import running_services
from services.cli.progress import progress_bar
from services.cli.rollup import rebuild_in
from services.cli.simulator.senders import school_ids_in
from taizhang.client import SignedIn

# Salary slips a second that Frappe HRMS publishes for its payroll.
HRMS_SLIPS_A_SECOND = 10.8
# Schools a round whose term is read in both ways: one takes a moment, and schools differ.
SCHOOLS_A_ROUND = 5
# How many terms are in the tables the second time.
TERMS = 10
# The term that was worked: the simulated district has begun the next one as well.
_TERM = """
select term.term_id from ledger.term
left join audit.work_day as day on day.service_date between term.starts_on and term.ends_on
group by term.term_id order by count(day.service_date) desc limit 1
"""
# Older terms of the same work: the reports do not speak of them, and have to find their way past them.
_OLDER_TERM = """
create temporary table older as
select * from {table} where service_date is not null and service_date between (select min(starts_on) from ledger.term)
    and (select max(ends_on) from ledger.term);
update older set service_date = service_date - {days};
{rekey}
select ledger.ensure_partitions(min(service_date), max(service_date)) from older;
insert into {table} select * from older;
drop table older
"""
_REKEYED = (
    "update older set key = key || '-{days}' where resource = 'duties'; delete from older where resource <> 'duties';"
)
_OLDER_MONTHS = """
insert into audit.work_month (school_id, month_starts_on, first_day, last_day, workload)
select school_id, (month_starts_on - interval '{years} years')::date, first_day - {days}, last_day - {days}, workload
from audit.work_month where month_starts_on >= (select date_trunc('month', min(starts_on)) from ledger.term)
"""
_DAYS_A_YEAR = 364


class ReportsDiffer(Exception):
    """A report from the rollups does not say what the same says on the fly: then its speed is of no interest."""


@dataclass(frozen=True)
class Reader:
    """A signed-in reader of the district's reports, and the addresses where reporting answers."""

    addresses: Sequence[SplitResult]
    headers: Mapping[str, str]
    term_id: str
    ledger_url: str

    def connect(self, at: int = 0) -> HTTPConnection:
        """To one of the addresses, in turn."""
        address = self.addresses[at % len(self.addresses)]
        return HTTPConnection(str(address.hostname), address.port or 80)

    def ask(self, connection: HTTPConnection, report: str, school_id: str, *, as_of: str | None = None) -> bytes:
        """A school's term, or the district's. Raises RequestRefused."""
        asked = {
            "term_id": self.term_id,
            **({} if report == "district" else {"school_id": school_id}),
            **({} if report == "inspection" else {"limit": "1000"}),
            **({"as_of": as_of} if as_of else {}),
        }
        connection.request("GET", f"/v1/reports/{report}?{urlencode(asked)}", headers=dict(self.headers))
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RequestRefused(f"{report}: {answer.status} {said[:500].decode(errors='replace')}")
        return said


def bench_report(*, schools: int, days: int, rounds: int) -> Iterator[Line]:
    """The reports' bars. `days`: the first so many service days of the term are recorded."""
    one_term, ten_terms, pay = Rates(), Rates(), Rates()
    processes = os.cpu_count() or 1
    with loaded_bench(schools, days) as bench:
        url = bench.stores.database_url
        _empty_outbox(url)
        asyncio.run(rebuild_in(url, None))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        school_ids = school_ids_in(bench.folder / "district")
        with _reporting(bench, processes) as reader, progress_bar("measuring", 2 * rounds) as advance:
            slips = _counted(_pay_run(reader, school_ids))
            for number in range(rounds):
                _term(reader, school_ids, number, one_term, url)
                seconds = timed(lambda: _pay_run(reader, school_ids))
                pay.add("slips", slips["slips"], seconds)
                pay.add("hrms", HRMS_SLIPS_A_SECOND, 1)
                advance(1)
            others = [*alone_lines(reader, school_ids), _crowd(bench, reader, school_ids)]
            _empty_outbox(url)
            asyncio.run(rebuild_in(url, None))
            size = _size(bench.folder / "district", schools, days)
            with psycopg.connect(url, autocommit=True) as connection:
                _deepen(connection)
            for number in range(rounds):
                _term(reader, school_ids, number, ten_terms)
                advance(1)
    fewer = {"more_is_better": False}
    unit = "ms a school's term, workload"
    yield one_term.line("report_rollup", "workload rollup", "workload facts", bar=0.1, unit=unit, **fewer) | size
    yield ten_terms.line("report_rollup_ten_terms", "workload rollup", "workload facts", bar=0.125, unit=unit, **fewer)
    unit = "ms a school's term, pay with every line explained"
    yield one_term.line("compensation_rollup", "compensation rollup", "compensation facts", unit=unit, **fewer)
    yield ten_terms.line(
        "compensation_rollup_ten_terms", "compensation rollup", "compensation facts", unit=unit, **fewer
    )
    line = pay.line("pay_run_vs_hrms", "slips", "hrms", bar=500, unit="slips/s, every line explained")
    yield line | slips | {"processes": processes} | size
    if "workload frames" in one_term.of:
        unit = "ms a school's term, workload; pandas: class hours alone"
        yield one_term.line("workload_vs_pandas", "workload rollup", "workload frames", unit=unit, **fewer)
    yield from others


def _empty_outbox(database_url: str) -> None:
    """As the audit would leave it: the rollups are made by themselves."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("delete from ledger.outbox")


def _size(district: Path, schools: int, days: int) -> Line:
    """How large the schools are: sessions and marks a day, and people."""
    written = msgspec.json.decode((district / "manifest.json").read_bytes(), type=dict[str, Any])
    records, school_days = written["records"], schools * days
    return {
        "schools": schools,
        "days": days,
        "sessions_a_school_day": round(records["sessions"] / school_days),
        "marks_a_school_day": round(written["marks"] / school_days),
        "people_a_school": round(records["staff"] / schools),
    }


@contextmanager
def _reporting(bench: Bench, processes: int) -> Iterator[Reader]:
    """Reporting in so many processes, as a district on this machine would run it, and somebody who reads from it."""
    started = [
        running_services(
            bench.settings, bench.stores, bench.key, commands=commands, lines_to=bench.folder / f"services-{number}.log"
        )
        for number, commands in enumerate([("api", "reporting"), *[("reporting",)] * (processes - 1)])
    ]
    with ExitStack() as stack:
        running, *others = [stack.enter_context(each) for each in started]
        urls = [each.reporting_url for each in (running, *others)]
        auditor = create_client(bench.stores.database_url, kind="auditor")
        token = SignedIn(running.ledger_url, auditor.client_id, auditor.client_secret).token()
        with psycopg.connect(bench.stores.database_url) as connection:
            row = connection.execute(_TERM).fetchone()
        if row is None:
            raise RequestRefused("the district has no term")
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "zh-CN"}
        yield Reader([urlsplit(url) for url in urls], headers, row[0], running.ledger_url)


def _term(reader: Reader, school_ids: Sequence[str], number: int, rates: Rates, framed: str | None = None) -> None:
    """Milliseconds to read some schools' term from the rollups and from the facts, which must say the same.

    `framed`: the database where a pandas script looks the workload up as well.
    """
    now = datetime.now(UTC).isoformat()
    connection = reader.connect()
    for place in range(SCHOOLS_A_ROUND):
        school_id = school_ids[(SCHOOLS_A_ROUND * number + place) % len(school_ids)]
        for report in ("workload", "compensation"):
            started = perf_counter()
            rolled = reader.ask(connection, report, school_id)
            between = perf_counter()
            facts = reader.ask(connection, report, school_id, as_of=now)
            rates.add(f"{report} rollup", (between - started) * 1000, 1)
            rates.add(f"{report} facts", (perf_counter() - between) * 1000, 1)
            if _content(rolled) != _content(facts):
                raise ReportsDiffer(f"{report} of {school_id}")
            if report == "workload" and framed is not None:
                _frames(framed, school_id, reader.term_id, _content(rolled), rates)
    connection.close()


def _frames(database_url: str, school_id: str, term_id: str, report: Mapping[str, Any], rates: Rates) -> None:
    """The same term by pandas, where that is installed; it must come to the same class hours."""
    started = perf_counter()
    found = workload_by_frames(database_url, school_id, term_id)
    if found is None:
        return
    rates.add("workload frames", (perf_counter() - started) * 1000, 1)
    if found != {each["staff_id"]: round(each["class_hours"] * 100) for each in report["items"]}:
        raise ReportsDiffer(f"workload of {school_id}, by frames")


def _crowd(bench: Bench, reader: Reader, school_ids: Sequence[str]) -> Line:
    """Thirty-two readers while days come in and the worker audits them."""
    vendor = create_client(bench.stores.database_url, kind="school", schools=school_ids)
    token = SignedIn(reader.ledger_url, vendor.client_id, vendor.client_secret).token()
    with running_services(
        bench.settings, bench.stores, bench.key, commands=("worker",), lines_to=bench.folder / "worker.log"
    ):
        return crowd_line(reader, school_ids, reader.ledger_url, token, bench.folder / "district")


def _content(said: bytes) -> dict[str, Any]:
    report: dict[str, Any] = msgspec.json.decode(said)
    return {name: value for name, value in report.items() if name not in {"as_of", "reflects"}}


def _pay_run(reader: Reader, school_ids: Sequence[str]) -> list[bytes]:
    """Every school's pay of the term with every line explained; two clients a process, each the next as soon as it has one."""
    clients = 2 * len(reader.addresses)

    def run(at: int) -> list[bytes]:
        connection = reader.connect(at)
        answers = [reader.ask(connection, "compensation", school_id) for school_id in school_ids[at::clients]]
        connection.close()
        return answers

    with ThreadPoolExecutor(clients) as threads:
        return [said for each in threads.map(run, range(clients)) for said in each]


def _counted(answers: Sequence[bytes]) -> dict[str, int]:
    """What the answers hold. To go through them takes the reader a fifth of the time that they take: not while it is measured."""
    return {
        "slips": sum(said.count(b'"payable_fen"') - 1 for said in answers),
        "lines": sum(said.count(b'"plan_version"') for said in answers),
        "bytes": sum(map(len, answers)),
    }


def _deepen(connection: "psycopg.Connection[Any]") -> None:
    """Put the same work into the tables as nine older terms."""
    for years in range(1, TERMS):
        days = _DAYS_A_YEAR * years
        for table, rekey in (
            ("ledger.session_revision", ""),
            ("ledger.entry", _REKEYED.format(days=days)),
            ("audit.work_day", ""),
        ):
            for statement in _OLDER_TERM.format(table=table, days=days, rekey=rekey).split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(_OLDER_MONTHS.format(years=years, days=days))
    connection.execute("vacuum analyze")
