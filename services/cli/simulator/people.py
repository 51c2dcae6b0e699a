"""The people and rooms of one simulated school."""

from dataclasses import dataclass, field
from datetime import date
from math import ceil
from random import Random
from typing import Any

TERM_ID = "2025-2026-1"
FIRST_SCHOOL = 3101150001
MINUTES_PER_CLASS_HOUR = 40
ACTIVITIES = (
    ("软式排球", "sports"), ("围棋", "interest"), ("合唱", "arts"), ("水墨画", "arts"), ("创客", "science"),
    ("编程启蒙", "science"), ("园艺", "labour"), ("经典诵读", "reading"), ("校园剧社", "club"), ("消防演练", "safety"),
    ("红色故事", "moral"), ("田径", "sports"),
)  # fmt: skip
TOWNS = ("陆家嘴", "川沙新镇", "惠南镇", "张江镇", "三林镇", "祝桥镇")
HEALTH_VALID_TO = date(2026, 8, 27)
# Who left in the summer is still in the register.
LEFT_IN_SUMMER = date(2025, 8, 31)
# Several groups share the playground; the other rooms are a class's or a group's own.
PLAYGROUND, PLAYGROUND_HOLDS, ROOM_HOLDS, SMALL_ROOM, SMALL_ROOM_HOLDS = "操场", 600, 48, "谈心室", 8
PUPILS_A_CLASS = 32
PUPILS_AN_ACTIVITY = 28


@dataclass(frozen=True)
class Person:
    """One member of staff, as registered."""

    staff_id: str
    kind: str
    provider_id: str | None = None
    active_from: date | None = None
    active_to: date | None = None
    health_valid_to: date = HEALTH_VALID_TO

    def serves_on(self, day: date) -> bool:
        """Whether the register has the person in service."""
        return (self.active_from is None or self.active_from <= day) and (
            self.active_to is None or day <= self.active_to
        )


@dataclass(frozen=True)
class Choice:
    """What one family chose for the term: whether at all, from when, on which weekdays, in which slots."""

    opted_in: bool
    weekdays: frozenset[int]
    slots: frozenset[str]
    signed_on: date

    def takes_part(self, day: date, slot: str) -> bool:
        """Whether the pupil is expected then. A make-up day at a weekend is everybody's."""
        return (
            self.opted_in
            and self.signed_on <= day
            and slot in self.slots
            and (day.isoweekday() > 5 or day.isoweekday() in self.weekdays)
        )


@dataclass
class School:
    """One school: its classes of pupils and what their families chose, its staff, its slots, its plan of pay."""

    school_id: str
    index: int
    stages: tuple[str, ...]
    town: str
    classes: dict[str, list[str]] = field(default_factory=dict)
    grades: dict[str, int] = field(default_factory=dict)
    teachers: list[Person] = field(default_factory=list)
    administrators: list[Person] = field(default_factory=list)
    outside: list[Person] = field(default_factory=list)
    idle: list[Person] = field(default_factory=list)
    aides: list[Person] = field(default_factory=list)
    shared: Person | None = None
    has_late_slot: bool = False
    keeps_sign_ins: bool = False
    office_takes_rolls: bool = False
    choices: dict[str, Choice] = field(default_factory=dict)
    plans: list[dict[str, Any]] = field(default_factory=list)
    # Slots that are filed and never used.
    unused_slots: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def staff(self) -> list[Person]:
        """Everyone registered here."""
        own = [*self.teachers, *self.administrators, *self.outside, *self.idle, *self.aides]
        return own if self.shared is None else [*own, self.shared]

    @property
    def slots(self) -> dict[str, tuple[str, str]]:
        """The slots with their clock times."""
        late = {"s3": ("17:30", "18:00")} if self.has_late_slot else {}
        return {"s1": ("15:30", "16:30"), "s2": ("16:30", "17:30"), **late}


def make_school(index: int, schools: int, rng: Random, days: list[date], pupils: int) -> School:
    """The registers of one school; a newcomer begins and a leaver goes in the middle of the days."""
    school_id = str(FIRST_SCHOOL + index)
    nine_year = schools >= 6 and index == schools - 1
    stages = ("primary", "junior") if nine_year else (("junior",) if index % 3 == 2 else ("primary",))
    school = School(
        school_id,
        index,
        stages,
        TOWNS[index % len(TOWNS)],
        has_late_slot=index % 3 == 0,
        keeps_sign_ins=index % 3 != 2,
        office_takes_rolls=index % 8 == 7,
    )
    first, last = (1, 9) if nine_year else ((6, 9) if stages == ("junior",) else (1, 5))
    for number in range(max(2, round(pupils / PUPILS_A_CLASS))):
        grade = first + number % (last - first + 1)
        class_no = f"{grade}-{number // (last - first + 1) + 1}"
        size = PUPILS_A_CLASS + rng.randint(-4, 4)
        school.classes[class_no] = [f"{school_id}.P{number:02d}{pupil:02d}" for pupil in range(size)]
        school.grades[class_no] = grade
    count = round(len(school.classes) * 1.7) + 3
    middle = days[len(days) // 2]
    school.teachers = [Person(f"{school_id}.T{number:03d}", "employee") for number in range(count)]
    school.teachers.append(Person(f"{school_id}.T900", "employee", active_from=middle))
    school.teachers.append(Person(f"{school_id}.T901", "employee", active_to=days[max(0, len(days) // 2 - 1)]))
    school.teachers.append(Person(f"{school_id}.R001", "retired"))
    school.administrators = [Person(f"{school_id}.A{number:03d}", "employee") for number in range(3)]
    school.outside = [
        Person(f"{school_id}.X001", "provider", provider_id="prv-01"),
        Person(f"{school_id}.X002", "provider", provider_id=f"prv-own-{index:03d}"),
        Person(f"{school_id}.V001", "volunteer"),
        Person(f"{school_id}.X009", "provider", provider_id="prv-01", active_to=LEFT_IN_SUMMER),
    ]
    school.idle = [Person(f"{school_id}.N{number:03d}", "employee") for number in range(1, 11)]
    if index % 3 == 1:
        school.aides = [Person(f"{school_id}.S001", "employee")]
    if index % 2 == 0:
        school.shared = Person(f"{school_id}.W001", "shared")
    school.plans = [
        {
            "school_id": school_id,
            "version": "2025-v1",
            "effective_from": "2025-09-01",
            "deliberation_id": f"{school_id}-plan-2025",
            "rate_fen_per_class_hour": {"homework": 8000, "*": 8500},
            "factors": {"role": {"lead": 1, "assistant": 0.6, "support": 0.5}},
            "duty_rate_fen": {"duty": 5000, "patrol": 4000, "coordination": 4000},
        },
    ]
    return school


def registers_of(school: School, terms: tuple[str, ...] = (TERM_ID,)) -> dict[str, list[dict[str, Any]]]:
    """The school's registers as they are posted, by resource; its slots for each of `terms`."""
    return {
        "schools": [
            {
                "school_id": school.school_id,
                "name": f"模拟{'九年一贯制' if len(school.stages) == 2 else '小学' if school.stages[0] == 'primary' else '初中'}{school.index + 1:03d}",
                "stages": list(school.stages),
                "centre": school.stages[0],
                "town": school.town,
                "kind": "public",
            },
        ],
        "slots": [
            {
                "school_id": school.school_id,
                "term_id": term_id,
                "slot": slot,
                "starts_at": starts_at,
                "ends_at": ends_at,
                "minutes_per_class_hour": MINUTES_PER_CLASS_HOUR,
            }
            for term_id in terms
            for slot, (starts_at, ends_at) in (
                school.slots | (school.unused_slots if term_id == TERM_ID else {})
            ).items()
        ],
        "rooms": [{"school_id": school.school_id, **room} for room in _rooms(school)],
        "staff": [_registered(school, person) for person in school.staff],
        "students": [
            {"student_id": pupil, "school_id": school.school_id, "grade": school.grades[class_no], "class_no": class_no}
            for class_no, pupils in school.classes.items()
            for pupil in pupils
        ],
        "allocation-plans": school.plans,
    }


def _rooms(school: School) -> list[dict[str, Any]]:
    """A room a class and a studio a group; the playground that groups share; a library of unknown size is not registered."""
    groups = ceil(sum(map(len, school.classes.values())) / PUPILS_AN_ACTIVITY)
    return [
        *({"room": f"room-{class_no}", "capacity": ROOM_HOLDS} for class_no in school.classes),
        *({"room": f"studio-{number:02d}", "capacity": ROOM_HOLDS} for number in range(groups)),
        {"room": PLAYGROUND, "capacity": PLAYGROUND_HOLDS, "kind": "室外"},
        {"room": SMALL_ROOM, "capacity": SMALL_ROOM_HOLDS},
    ]


def _registered(school: School, person: Person) -> dict[str, Any]:
    record: dict[str, Any] = {"staff_id": person.staff_id, "school_id": school.school_id, "kind": person.kind}
    if person.kind == "employee":
        record["post"] = "manager" if person in school.administrators else "teacher"
    if person.provider_id:
        record["provider_id"] = person.provider_id
    if person in school.outside:
        # What the school has seen of everyone it brings in (一(一)4).
        record["qualifications"] = [
            {"type": "certificate", "verified_on": "2025-08-25"},
            {"type": "background_check", "verified_on": "2025-08-26"},
            {"type": "health", "verified_on": "2025-08-27", "valid_to": person.health_valid_to.isoformat()},
        ]
    if person.active_from:
        record["active_from"] = person.active_from.isoformat()
    if person.active_to:
        record["active_to"] = person.active_to.isoformat()
    return record
