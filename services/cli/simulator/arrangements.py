"""What a simulated school arranges: its catalogue of activities, its agreements, rules and posts; and the frauds in them.

Written last, from the days as the school records them. Labelled rules: A25, B09, C08, C09, C10, G14.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.cli.simulator.days import Record, SchoolDay
from services.cli.simulator.frauds import Planted
from services.cli.simulator.people import TERM_ID, School

IN_ARRANGEMENTS = (
    "A25",
    "B09",
    "C08-volunteer",
    "C08-contract",
    "C09-families",
    "C09-undecided",
    "C10",
    "G14-rules",
    "G14-post",
)
STARTS, ENDS = "2025-08-25", "2026-08-31"
OUTSIDE_KINDS = ("provider", "institution", "volunteer")
RULES = (
    "homework_rules", "attendance_rules", "duty_rules", "ledger_rules", "publication_rules", "remuneration_rules",
    "safety_rules", "outside_people_rules",
)  # fmt: skip
# Who holds a key post, by the place among the managers.
POSTS = {"ledger_keeper": 0, "approver": 1, "finance_officer": 2, "principal": 1}
# What rule G14 allows from the first day of a term.
LAID_DOWN_WITHIN = timedelta(days=21)
FAMILIES_PAY_FEN = 450000
# After the last slot that any school has filed.
PARENTS_WORK_LATE = "18:45"

Terms = Sequence[tuple[str, date, date]]


@dataclass(frozen=True)
class Arranged:
    """What the records of a school are worked out from."""

    school: School
    days: Sequence[SchoolDay]
    terms: Terms
    frauds: Collection[str]
    planted: Planted

    def label(self, rule: str, subject: str, note: str, days: Iterable[date]) -> None:
        """One finding in each term that has one of the days."""
        happened = list(days)
        for term_id, starts_on, ends_on in self.terms:
            if any(starts_on <= day <= ends_on for day in happened):
                self.planted.label(rule, self.school.school_id, subject, note, period=term_id)

    def held(self) -> Iterator[tuple[date, Record]]:
        """The held sessions with their days."""
        for made in self.days:
            for session in made.sessions:
                if session["state"] == "held":
                    yield made.day, session


def arrangements_of(
    school: School,
    days: Sequence[SchoolDay],
    terms: Terms,
    frauds: Collection[str],
    planted: Planted,
) -> dict[str, list[Record]]:
    """Catalogue, agreements, provisions and another survey, by resource. 一(一)1, 一(一)4, 一(二), 三(三)."""
    arranged = Arranged(school, days, terms, frauds, planted)
    return {
        "surveys": _asked_anew(arranged) if "B09" in frauds else [],
        "activities": _catalogue(arranged),
        "agreements": _agreements(arranged),
        "provisions": _provisions(arranged),
    }


def _asked_anew(arranged: Arranged) -> list[Record]:
    """A survey in the first weeks: most parents work until after the last slot (B09)."""
    school_id = arranged.school.school_id
    arranged.planted.label("B09", school_id, school_id, "parents work past the last slot", period=TERM_ID)
    return [
        {
            "school_id": school_id,
            "survey_id": f"{TERM_ID}-hours",
            "term_id": TERM_ID,
            "kind": "satisfaction",
            "closed_on": "2025-09-12",
            "work_ends_at": PARENTS_WORK_LATE,
        },
    ]


def _catalogue(arranged: Arranged) -> list[Record]:
    """Every activity that was held but homework guidance; the second most frequent comes from a provider, and was let in."""
    offered = {
        session["activity"]: session["category"]
        for _day, session in arranged.held()
        if session["category"] != "homework"
    }
    often = Counter(session["activity"] for _day, session in arranged.held() if session["activity"] in offered)
    ranked = sorted(offered, key=lambda title: (-often[title], title))
    entries = [
        {
            "school_id": arranged.school.school_id,
            "activity_id": f"act-{number:02d}",
            "title": title,
            "category": offered[title],
            "source": "in_school",
        }
        for number, title in enumerate(ranked, start=1)
    ]
    if len(entries) > 1:
        entries[1] |= {"source": "provider", "provider_id": "prv-01"}
        if "C10" in arranged.frauds:
            held = [day for day, session in arranged.held() if session["activity"] == ranked[1]]
            arranged.label("C10", entries[1]["activity_id"], "a provider's course that nobody admitted", held)
        else:
            entries[1] |= {"admitted_by": "moral_education", "admitted_on": STARTS, "admitted_to": ENDS}
    if "A25" in arranged.frauds and entries:
        held = [
            day
            for day, session in arranged.held()
            if session["activity"] == ranked[0] and session["category"] != "homework"
        ]
        arranged.label("A25", ranked[0], "an activity that the catalogue has not", held)
        del entries[0]
    return entries


def _agreements(arranged: Arranged) -> list[Record]:
    """A contract with each provider, an engagement with everybody else who comes from outside."""
    school = arranged.school
    outside = [person for person in school.staff if person.kind in OUTSIDE_KINDS]
    contracts = {
        provider_id: {
            "kind": "service_contract",
            "agreement_id": f"contract-{provider_id}",
            "provider_id": provider_id,
            "deliberation_id": f"{school.school_id}-plan-2025",
            "paid_by": "school",
        }
        for provider_id in sorted({person.provider_id for person in outside if person.provider_id is not None})
    }
    engagements = {
        person.staff_id: {
            "kind": "engagement",
            "agreement_id": f"engaged-{person.staff_id}",
            "staff_id": person.staff_id,
            "paid_by": "nobody",
        }
        for person in outside
        if person.provider_id is None
    }
    signed = {"starts_on": STARTS, "ends_on": ENDS, "signed_by_school_on": STARTS, "signed_by_partner_on": STARTS}
    for agreement in (*contracts.values(), *engagements.values()):
        agreement |= {"school_id": school.school_id, **signed}
    _plant_in_engagements(arranged, engagements)
    _plant_in_contracts(arranged, contracts)
    return [*contracts.values(), *engagements.values()]


def _plant_in_engagements(arranged: Arranged, engagements: dict[str, Record]) -> None:
    if "C08-volunteer" in arranged.frauds:
        for agreement in engagements.values():
            del agreement["signed_by_partner_on"]
        _label_served(arranged, engagements, date.min, "served, and never signed the agreement")


def _plant_in_contracts(arranged: Arranged, contracts: dict[str, Record]) -> None:
    school, (first, *_rest) = arranged.school, contracts.values()
    if "C08-contract" in arranged.frauds:
        ended = arranged.days[len(arranged.days) // 2].day
        first["ends_on"] = (ended - timedelta(days=1)).isoformat()
        people = [person.staff_id for person in school.staff if person.provider_id == first["provider_id"]]
        _label_served(arranged, people, ended, "served after the provider's contract was over")
    in_force = (date.fromisoformat(first["starts_on"]), date.fromisoformat(first["ends_on"]))
    both = [max(starts_on, in_force[0]) for _term, starts_on, ends_on in arranged.terms if starts_on <= in_force[1]]
    if "C09-families" in arranged.frauds:
        first |= {"paid_by": "families", "amount_fen": FAMILIES_PAY_FEN}
        arranged.label("C09", first["agreement_id"], "the families pay the provider", both)
    if "C09-undecided" in arranged.frauds:
        del first["deliberation_id"]
        arranged.label("C09", first["agreement_id"], "a contract that nobody decided", both)


def _label_served(arranged: Arranged, people: Collection[str], first_day: date, note: str) -> None:
    """One finding (C08) a person and day from `first_day` on."""
    served = {
        (member["staff_id"], day)
        for day, session in arranged.held()
        for member in session["staff"]
        if member["staff_id"] in people and day >= first_day
    }
    for staff_id, day in sorted(served):
        arranged.planted.label("C08", arranged.school.school_id, staff_id, note, service_date=day.isoformat())


def _provisions(arranged: Arranged) -> list[Record]:
    """Every rule, every key post with its holder, and the box for letters."""
    school = arranged.school
    posts = {
        post: {"staff_id": school.administrators[place].staff_id, "acknowledged_on": STARTS}
        for post, place in POSTS.items()
    }
    matters: dict[str, Record] = {
        **{rules: {} for rules in RULES},
        **posts,
        "reporting_channel": {"contact": "校门口举报信箱", "tested_on": STARTS},
    }
    if "G14-rules" in arranged.frauds:
        del matters["safety_rules"]
        _label_lacking(arranged, "safety_rules", "no rules of safety")
    if "G14-post" in arranged.frauds:
        del matters["ledger_keeper"]["acknowledged_on"]
        _label_lacking(arranged, "ledger_keeper", "a ledger keeper who has acknowledged no duty")
    return [
        {
            "school_id": school.school_id,
            "provision_id": matter,
            "matter": matter,
            "title": matter,
            "starts_on": STARTS,
            **fields,
        }
        for matter, fields in matters.items()
    ]


def _label_lacking(arranged: Arranged, matter: str, note: str) -> None:
    """A finding (G14) in each term in which the school served past the days that it has to lay things down."""
    served = [made.day for made in arranged.days if made.sessions]
    past = [
        day
        for day in served
        for _term, starts_on, ends_on in arranged.terms
        if starts_on + LAID_DOWN_WITHIN < day <= ends_on
    ]
    arranged.label("G14", matter, note, past)
