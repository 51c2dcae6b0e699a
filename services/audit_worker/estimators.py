"""The statistics behind the indicators: medians that outliers do not move, tails of counts, creeping sums. Pure.

Probabilities are floats in [0, 1]; a small one says that chance alone seldom does so. Every function is defined for every
input that its docstring allows and raises ValueError for the rest.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan, cos, erfc, exp, floor, inf, lgamma, log, pi, sin, sqrt
from statistics import median

# The median of the absolute deviations of a normal distribution, times this, is its standard deviation.
MAD_TO_DEVIATION = 1.4826
# The MAD of so many values tells their spread as well as the standard deviation of this share of them would.
MAD_EFFICIENCY = 0.37
# The place of a step is chosen as it fits best, which leaves less than a line does; three deviations of a step leave 0.64.
STEP_LEAVES = 0.7
# No school's children are alike to the last: a count of theirs spreads at least so little more than coins would.
LEAST_SPREAD = 1e-6


def robust_deviation(values: Sequence[float]) -> float:
    """The spread of `values` about their median (MAD), as a standard deviation; half of them may be anything.

    `values`: at least one. Zero when more than half of them are equal.
    """
    centre = median(values)
    return MAD_TO_DEVIATION * median(abs(value - centre) for value in values)


def robust_z(value: float, peers: Sequence[float], *, least_deviation: float) -> float:
    """How many deviations `value` is above (negative: below) the median of its `peers`.

    `least_deviation`: in the unit of the values, above zero: peers that happen to be all alike make nobody an outlier.
    """
    if least_deviation <= 0:
        raise ValueError("the least deviation is above zero")
    return (value - median(peers)) / max(robust_deviation(peers), least_deviation)


def chance_of_z(z: float, peers: int) -> float:
    """The probability that one more of the same kind lies so far above its `peers` (upper tail of Student's t).

    `z`: as robust_z gives it; `peers`: how many it was measured by. Few peers know little: the tail is a heavy one.
    """
    degrees = max(1, round(MAD_EFFICIENCY * (peers - 1)))
    angle = atan(z / sqrt(degrees))
    odd = degrees % 2
    # The finite series for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4).
    term = cos(angle) if odd else 1.0
    total = term if degrees > 1 else 0.0
    for power in range(odd + 2, degrees - 1, 2):
        term *= (power - 1) / power * cos(angle) ** 2
        total += term
    within = 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
    return min(1.0, max(0.0, (1 - within) / 2))


@dataclass(frozen=True)
class Standing:
    """How a value stands in its class: the median, how many times as high it is, of how many, how likely so high a one is."""

    usual: float
    times: float
    peers: int
    chance: float


def standings(
    values: Sequence[tuple[Hashable, float]], *, least_peers: int, least_spread: float
) -> list[Standing | None]:
    """How each value stands in its class; None in a class in which it has fewer than `least_peers` others.

    `values`: (class, value above zero). Values are compared by their ratios. `least_spread`: the deviation in a class, as a
    share of its median, that is never taken for less.
    """
    classes: dict[Hashable, list[float]] = {}
    for of_class, value in values:
        classes.setdefault(of_class, []).append(log(value))
    least = log(1 + least_spread)
    usual = {each: (median(logs), max(robust_deviation(logs), least)) for each, logs in classes.items()}
    found: list[Standing | None] = []
    for of_class, value in values:
        (centre, deviation), peers = usual[of_class], len(classes[of_class]) - 1
        chance = chance_of_z((log(value) - centre) / deviation, peers) if peers >= max(1, least_peers) else None
        found.append(None if chance is None else Standing(exp(centre), value / exp(centre), peers, chance))
    return found


def size_class(size: float, factor: float) -> int:
    """The class of a size above zero: those of one class differ by less than `factor` times."""
    return floor(log(size) / log(factor))


@dataclass(frozen=True)
class Rate:
    """A share that counts of several groups have in common, and how much more they spread than coins would.

    mean: in (0, 1). spread: the correlation of two trials of one group, in (0, 1); 0 would be the binomial distribution.
    """

    mean: float
    spread: float


def pooled_rate(counts: Sequence[tuple[int, int]], *, least_spread: float = LEAST_SPREAD) -> Rate | None:
    """The rate of several groups by the method of moments; None when there is nothing to learn from.

    `counts`: (hits, trials) by group, 0 <= hits <= trials. The mean is drawn in by half a hit and half a miss, so that it
    is never 0 or 1. `least_spread`: what is known beforehand; few groups that agree by chance do not make it less.
    """
    if any(not 0 <= hits <= trials for hits, trials in counts):
        raise ValueError("hits lie between 0 and the trials")
    told = [(hits, trials) for hits, trials in counts if trials > 0]
    total = sum(trials for _hits, trials in told)
    if not told:
        return None
    mean = (sum(hits for hits, _trials in told) + 0.5) / (total + 1)
    # E[sum of (hits - trials × mean)²] = mean(1 - mean) × (sum of trials + spread × sum of trials × (trials - 1)).
    squares = sum((hits - trials * mean) ** 2 for hits, trials in told)
    pairs = sum(trials * (trials - 1) for _hits, trials in told)
    # The mean was taken from the same groups: with few of them the squares come out too small.
    correction = len(told) / max(1, len(told) - 1)
    spread = (squares * correction / (mean * (1 - mean)) - total) / pairs if pairs else 0.0
    return Rate(mean, min(max(spread, least_spread, LEAST_SPREAD), 0.99))


def chance_of_at_most(hits: int, trials: int, rate: Rate) -> float:
    """The probability of so few hits or fewer in `trials` of one group (lower tail of the beta-binomial)."""
    if trials < 0:
        raise ValueError("no fewer than no trials")
    if hits < 0:
        return 0.0
    if hits >= trials:
        return 1.0
    return min(1.0, sum(exp(each) for each in _log_chances(range(hits + 1), trials, rate)))


def chance_of_at_least(hits: int, trials: int, rate: Rate) -> float:
    """The probability of so many hits or more in `trials` of one group (upper tail of the beta-binomial)."""
    return chance_of_at_most(trials - hits, trials, Rate(1 - rate.mean, rate.spread))


def _log_chances(hits: Sequence[int], trials: int, rate: Rate) -> list[float]:
    size = 1 / rate.spread - 1
    alpha, beta = rate.mean * size, (1 - rate.mean) * size
    whole = lgamma(trials + 1) + lgamma(size) - lgamma(trials + size) - lgamma(alpha) - lgamma(beta)
    return [
        whole + lgamma(each + alpha) - lgamma(each + 1) + lgamma(trials - each + beta) - lgamma(trials - each + 1)
        for each in hits
    ]


def chance_of_so_many(events: int, expected: float) -> float:
    """The probability of so many rare events or more where `expected` are expected (upper tail of Poisson)."""
    if expected < 0:
        raise ValueError("no fewer than no events are expected")
    if events <= 0:
        return 1.0
    if expected == 0:
        return 0.0
    # From the first term on they shrink where it matters; below the mean the lower tail is the surer sum.
    if events > expected:
        term = exp(-expected + events * log(expected) - lgamma(events + 1))
        total, number = 0.0, events
        while term > total * 1e-16:
            total += term
            number += 1
            term *= expected / number
        return min(1.0, total)
    return max(0.0, 1 - sum(exp(-expected + k * log(expected) - lgamma(k + 1)) for k in range(events)))


@dataclass(frozen=True)
class Creep:
    """A sum of what values were above what is usual. height: in their deviations; since: the place where it began."""

    height: float
    since: int


def creeping_sum(values: Sequence[float], *, usual: float, deviation: float, slack: float) -> Creep:
    """The one-sided CUSUM at its end: what the last values were too high, summed since it was last at zero.

    `values` in the order of time, `deviation` > 0 in their unit; `slack` deviations of each value are for free.
    """
    if deviation <= 0:
        raise ValueError("the deviation is above zero")
    height, since = 0.0, 0
    for place, value in enumerate(values):
        height = max(0.0, height + (value - usual) / deviation - slack)
        if height == 0:
            since = place + 1
    return Creep(height, since)


def chance_of_rise(values: Sequence[float]) -> float:
    """The probability that values in no order at all rise so steadily (Mann–Kendall, one-sided, ties allowed for).

    `values` in the order of time. 1 for fewer than four.
    """
    count = len(values)
    if count < 4:
        return 1.0
    score = sum(
        (later > earlier) - (later < earlier) for place, earlier in enumerate(values) for later in values[place + 1 :]
    )
    ties = [values.count(value) for value in set(values)]
    variance = (count * (count - 1) * (2 * count + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if variance == 0:
        return 1.0
    return 0.5 * erfc((score - 1) / sqrt(2 * variance))


def chance_of_slope(values: Sequence[float], *, deviation: float, known_from: int) -> float:
    """The probability that values without a trend rise so much along a straight line (least squares, one-sided).

    `values` in the order of time, at least four; `deviation` > 0: theirs, learnt from `known_from` values of their like.
    """
    if deviation <= 0:
        raise ValueError("the deviation is above zero")
    slope, across = _slope(values)
    return chance_of_z(slope * sqrt(across) / deviation, known_from)


def rises_by_steps(values: Sequence[float]) -> bool:
    """Whether one step from a level to another tells `values` much better than a straight line does (least squares).

    `values` in the order of time, at least four.
    """
    slope, _across = _slope(values)
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    line = sum((value - mean - slope * (time - middle)) ** 2 for time, value in enumerate(values))
    step = min(_squares(values[:split]) + _squares(values[split:]) for split in range(1, len(values)))
    return step < STEP_LEAVES * line


def _slope(values: Sequence[float]) -> tuple[float, float]:
    """The rise from one to the next, and the sum of the squared distances in time from the middle."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    across = sum((time - middle) ** 2 for time in range(len(values)))
    return sum((time - middle) * (value - mean) for time, value in enumerate(values)) / across, across


def _squares(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values)


def longest_run(values: Sequence[object]) -> tuple[int, int]:
    """The first of the longest stretches of equal neighbours: (its place, its length). (0, 0) for no values."""
    best, start = (0, 0), 0
    for place in range(len(values)):
        if place and values[place] != values[place - 1]:
            start = place
        if place - start + 1 > best[1]:
            best = (start, place - start + 1)
    return best


def equal_neighbours(values: Sequence[object]) -> int:
    """How many values are equal to the one before them."""
    return sum(earlier == later for earlier, later in pairwise(values))


def discoveries(chances: Sequence[float], *, rate: float) -> list[int]:
    """The places of those that are no chance, after Benjamini and Hochberg: of them at most `rate` are, on average.

    `chances`: one p-value for each that was looked at, in any order. When none of them is more than chance, the
    probability that any place is returned is at most `rate`: it also corrects for how many were looked at.
    """
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    last = 0
    for rank, place in enumerate(order, start=1):
        if chances[place] <= rate * rank / len(chances):
            last = rank
    return sorted(order[:last])


def once_in(chance: float) -> str:
    """A small probability in plain words: `once in 1000`, `once in 10^9`."""
    if not 0 <= chance <= 1:
        raise ValueError("a probability lies between 0 and 1")
    power = inf if chance == 0 else -log(chance) / log(10)
    if power >= 15:
        return "once in more than 10^15"
    return f"once in {round(1 / chance)}" if power < 6 else f"once in 10^{int(power)}"
