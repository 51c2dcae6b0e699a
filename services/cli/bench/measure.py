"""Rates measured in interleaved rounds, and the line that a benchmark prints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

Line = dict[str, object]


@dataclass
class Rates:
    """Rates of several ways to do the same, one of each a round."""

    of: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, amount: float, seconds: float) -> None:
        """So much was done in so many seconds."""
        self.of.setdefault(name, []).append(amount / seconds)

    def median(self, name: str) -> float:
        """The middle one of a way's rates."""
        return median(self.of[name])

    def line(
        self, name: str, ours: str, reference: str, *, unit: str, bar: float | None = None, more_is_better: bool = True
    ) -> Line:
        """Ours ÷ reference, round by round, against its bar if it has one; `spread`: the smallest and the largest ratio."""
        ratios = [one / other for one, other in zip(self.of[ours], self.of[reference], strict=True)]
        ratio = self.median(ours) / self.median(reference)
        line: Line = {
            "name": name,
            "ratio": round(ratio, 3),
            "ours": round(self.median(ours), 3),
            "reference": round(self.median(reference), 3),
            "unit": unit,
            "rounds": len(ratios),
            "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        }
        if bar is not None:
            line |= {"bar": bar, "reached": ratio >= bar if more_is_better else ratio <= bar}
        return line


def timed(work: Callable[[], object]) -> float:
    """The seconds that it takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def shares(name: str, seconds: Mapping[str, Sequence[float]], *, unit: str) -> Line:
    """Where the time goes: the median of each part, in milliseconds, and its share of the sum."""
    medians = {part: median(each) * 1000 for part, each in seconds.items()}
    total = sum(medians.values())
    return {
        "name": name,
        "unit": unit,
        "total_ms": round(total, 3),
        "parts": {part: {"ms": round(ms, 3), "share": round(ms / total, 3)} for part, ms in medians.items()},
    }
