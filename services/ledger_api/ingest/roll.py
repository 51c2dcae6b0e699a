"""What records are checked against: a school's roll (pupils, slots) and the district's terms. Pure."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from shared.service_calendar import school_year_of


@dataclass(frozen=True)
class Term:
    """A registered term; both ends are in it."""

    term_id: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class Slot:
    """A registered slot's clock times, `HH:MM`."""

    starts_at: str
    ends_at: str


DAYS_REMEMBERED = 1000


@dataclass(frozen=True)
class Calendar:
    """The district's terms in order of their start; `archived`: the school years, by when they begin, that lie in an archive."""

    terms: Sequence[Term] = ()
    archived: Collection[int] = ()
    _known: dict[date, Term | None] = field(default_factory=dict, compare=False, repr=False)

    def term_of(self, day: date) -> Term | None:
        """The term a date lies in, if any that takes records; a batch asks for the same few days again and again."""
        try:
            return self._known[day]
        except KeyError:
            if len(self._known) > DAYS_REMEMBERED:
                self._known.clear()
            return self._known.setdefault(day, self._find(day))

    def why_not(self, day: date) -> str:
        """The code of the fault where no term takes a day's records."""
        return "year_archived" if school_year_of(day) in self.archived else "outside_term"

    def _find(self, day: date) -> Term | None:
        if school_year_of(day) in self.archived:
            return None
        place = bisect_right(self.terms, day, key=lambda term: term.starts_on)
        if place and self.terms[place - 1].ends_on >= day:
            return self.terms[place - 1]
        return None


@dataclass(frozen=True)
class Roll:
    """One school's registers at one version."""

    school_id: str
    version: int
    student_numbers: Mapping[str, int] = field(default_factory=dict)
    slots: Mapping[tuple[str, str], Slot] = field(default_factory=dict)
