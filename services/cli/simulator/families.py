"""What the families of a simulated school chose for the term, how they were asked, and how the term was evaluated."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

from services.cli.simulator.days import Record
from services.cli.simulator.people import TERM_ID, Choice, School

SIGNED_ON = date(2025, 8, 29)
WEEKDAYS = frozenset(range(1, 6))
# Of a hundred families so many say no, want homework guidance only, leave one weekday out, or come later in the term.
SAYS_NO, HOMEWORK_ONLY, WITHOUT_A_DAY, JOINS_LATER = 3, 4, 8, 1
# Every so-manieth pupil of a class stays for the late slot, where the school has one.
STAYS_LATE = 5
# When the first slot that every school has last ends, most parents are free.
WORK_ENDS_AT = "17:30"
IMPROVED_ON, IMPROVED_BY = "2025-12-20", "2026-07-10"


def choose(school: School, days: Sequence[date], rng: Random) -> dict[str, Choice]:
    """One choice a pupil; in each class one family says no and one wants homework guidance only."""
    choices = {}
    for pupils in school.classes.values():
        for number, pupil in enumerate(pupils):
            slots = {"s1", "s2"} | ({"s3"} if school.has_late_slot and number % STAYS_LATE == 0 else set())
            draw = rng.randrange(100)
            joins_on = rng.choice(days) if draw >= 100 - JOINS_LATER else SIGNED_ON
            if number == 1 or draw < SAYS_NO:
                choices[pupil] = Choice(False, WEEKDAYS, frozenset(slots), SIGNED_ON)
            elif number == 2 or draw < SAYS_NO + HOMEWORK_ONLY:
                choices[pupil] = Choice(True, WEEKDAYS, frozenset({"s1"}), SIGNED_ON)
            elif number == 3 or draw < SAYS_NO + HOMEWORK_ONLY + WITHOUT_A_DAY:
                choices[pupil] = Choice(True, WEEKDAYS - {rng.randint(1, 5)}, frozenset(slots), SIGNED_ON)
            else:
                choices[pupil] = Choice(True, WEEKDAYS, frozenset(slots), joins_on)
    return choices


def consents_of(school: School) -> list[Record]:
    """The consents as they are posted."""
    return [
        {
            "school_id": school.school_id,
            "term_id": TERM_ID,
            "student_id": pupil,
            "opted_in": choice.opted_in,
            "weekdays": sorted(choice.weekdays) if choice.opted_in else [],
            "slots": sorted(choice.slots) if choice.opted_in else [],
            "signed_on": choice.signed_on.isoformat(),
        }
        for pupil, choice in school.choices.items()
    ]


def asked_and_evaluated(school: School, last_day: date) -> Mapping[str, list[Record]]:
    """The survey of wishes before the term; its evaluation, one improvement done and one due later."""
    choices = school.choices.values()
    return {
        "surveys": [
            {
                "school_id": school.school_id,
                "survey_id": f"{TERM_ID}-wishes",
                "term_id": TERM_ID,
                "kind": "willingness",
                "opened_on": (SIGNED_ON - timedelta(days=5)).isoformat(),
                "closed_on": SIGNED_ON.isoformat(),
                "asked": len(choices),
                "answered": len(choices) - 2,
                "agreeing": sum(choice.opted_in for choice in choices),
                "work_ends_at": WORK_ENDS_AT,
            },
        ],
        "evaluations": [
            {
                "school_id": school.school_id,
                "evaluation_id": f"{TERM_ID}-quality",
                "term_id": TERM_ID,
                "evaluated_on": (last_day + timedelta(days=3)).isoformat(),
                "findings": ["社团活动名额不足", "场地轮换安排较紧"],
                "actions": [
                    {"action": "增设社团", "due_on": IMPROVED_ON, "done_on": IMPROVED_ON},
                    {"action": "调整场地轮换", "due_on": IMPROVED_BY},
                ],
                "conclusion": "总体良好",
            },
        ],
    }
