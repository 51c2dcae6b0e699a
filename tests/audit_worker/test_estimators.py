"""The statistics against their definitions: sums of all outcomes, slow and plain."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, permutations, product
from math import comb, exp, factorial, lgamma, pi, prod, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit_worker.estimators import (
    MAD_EFFICIENCY,
    Rate,
    chance_of_at_least,
    chance_of_at_most,
    chance_of_rise,
    chance_of_slope,
    chance_of_so_many,
    chance_of_z,
    creeping_sum,
    discoveries,
    equal_neighbours,
    longest_run,
    once_in,
    pooled_rate,
    rises_by_steps,
    robust_deviation,
    robust_z,
    size_class,
    standings,
)

numbers = st.floats(-1e6, 1e6)
rates = st.builds(Rate, mean=st.floats(0.01, 0.99), spread=st.floats(0.001, 0.9))
small = st.integers(0, 12)


@given(st.lists(numbers, min_size=3, max_size=30), st.floats(1, 1e9))
def test_fewer_than_half_of_the_peers_do_not_move_the_deviation_beyond_the_others(
    values: list[float], far: float
) -> None:
    spoilt = sorted(values)
    spoilt[: (len(values) - 1) // 2] = [-far * 1e7] * ((len(values) - 1) // 2)
    widest = max(values) - min(values)
    assert robust_deviation(spoilt) <= 1.4826 * widest + 1e-6


@given(st.lists(numbers, min_size=1, max_size=30), numbers, st.floats(0.1, 10))
def test_z_is_antisymmetric_and_zero_at_the_median(peers: list[float], value: float, least: float) -> None:
    mirrored = robust_z(-value, [-peer for peer in peers], least_deviation=least)
    assert robust_z(value, peers, least_deviation=least) == pytest.approx(-mirrored)
    middle = sorted(peers)[len(peers) // 2] if len(peers) % 2 else None
    if middle is not None:
        assert robust_z(middle, peers, least_deviation=least) == 0


def test_peers_that_are_all_alike_need_a_least_deviation() -> None:
    assert robust_z(4, [2, 2, 2], least_deviation=0.5) == 4
    with pytest.raises(ValueError, match="above zero"):
        robust_z(4, [2, 2, 2], least_deviation=0)


def rising(start: float, count: int) -> float:
    """The product of `count` factors, each one more than the last."""
    return prod(start + n for n in range(count))


def beta_binomial(hits: int, trials: int, rate: Rate) -> float:
    """By its definition in rising factorials."""
    size = 1 / rate.spread - 1
    alpha, beta = rate.mean * size, (1 - rate.mean) * size
    return comb(trials, hits) * rising(alpha, hits) * rising(beta, trials - hits) / rising(alpha + beta, trials)


@given(small, small, rates)
def test_the_tails_are_the_sums_of_their_outcomes(one: int, other: int, rate: Rate) -> None:
    hits, trials = min(one, other), max(one, other)
    at_most = sum(beta_binomial(each, trials, rate) for each in range(hits + 1))
    at_least = sum(beta_binomial(each, trials, rate) for each in range(hits, trials + 1))
    assert chance_of_at_most(hits, trials, rate) == pytest.approx(at_most, abs=1e-9)
    assert chance_of_at_least(hits, trials, rate) == pytest.approx(at_least, abs=1e-9)
    assert chance_of_at_most(-1, trials, rate) == 0
    assert chance_of_at_least(trials + 1, trials, rate) == 0


@given(st.integers(1, 400), st.floats(0.01, 0.99))
def test_more_hits_are_less_surprising_and_a_wider_spread_too(trials: int, mean: float) -> None:
    narrow, wide = Rate(mean, 1e-6), Rate(mean, 0.05)
    tails = [chance_of_at_most(hits, trials, narrow) for hits in range(0, trials + 1, 7)]
    assert tails == sorted(tails)
    assert chance_of_at_most(0, trials, narrow) <= chance_of_at_most(0, trials, wide) + 1e-7
    # Almost without spread it is the binomial distribution.
    assert chance_of_at_most(0, trials, narrow) == pytest.approx((1 - mean) ** trials, rel=0.1, abs=1e-12)


@given(st.lists(st.tuples(small, small).map(sorted), min_size=1, max_size=8))
def test_a_pooled_rate_is_that_of_all_groups_together(pairs: list[list[int]]) -> None:
    counts = [(hits, trials) for hits, trials in pairs]
    rate = pooled_rate(counts)
    total = sum(trials for _hits, trials in counts)
    if total == 0:
        assert rate is None
    else:
        assert rate is not None
        assert rate.mean == pytest.approx((sum(hits for hits, _trials in counts) + 0.5) / (total + 1))
        assert 0 < rate.mean < 1
        assert 0 < rate.spread < 1


def test_groups_that_differ_more_than_coins_have_a_spread() -> None:
    alike = pooled_rate([(10, 100), (11, 100), (9, 100), (10, 100)])
    apart = pooled_rate([(0, 100), (25, 100), (2, 100), (13, 100)])
    assert alike is not None
    assert apart is not None
    assert alike.spread == pytest.approx(1e-6)
    assert apart.spread > 0.05
    assert pooled_rate([(1, 10)], least_spread=0.02) == Rate(1.5 / 11, 0.02)
    with pytest.raises(ValueError, match="between 0"):
        pooled_rate([(3, 2)])


@given(st.integers(0, 25), st.floats(0.01, 20))
def test_rare_events_follow_poisson(events: int, expected: float) -> None:
    below = sum(exp(-expected) * expected**k / factorial(k) for k in range(events))
    assert chance_of_so_many(events, expected) == pytest.approx(1 - below, abs=1e-9)
    assert chance_of_so_many(events + 1, expected) <= chance_of_so_many(events, expected)


def test_a_tail_too_thin_for_a_difference_is_still_a_number() -> None:
    assert 0 < chance_of_so_many(60, 0.5) < 1e-80
    assert chance_of_so_many(1, 0) == 0


@given(st.lists(st.floats(-5, 5), max_size=20), st.floats(-1, 1), st.floats(0.1, 3), st.floats(0, 2))
def test_the_creeping_sum_is_the_largest_sum_of_the_last_values(
    values: list[float], usual: float, deviation: float, slack: float
) -> None:
    over = [(value - usual) / deviation - slack for value in values]
    creep = creeping_sum(values, usual=usual, deviation=deviation, slack=slack)
    assert creep.height == pytest.approx(max([0.0, *(sum(over[start:]) for start in range(len(over)))]), abs=1e-9)
    assert sum(over[creep.since :]) == pytest.approx(creep.height, abs=1e-9)


@given(st.lists(st.integers(0, 6), min_size=4, max_size=7))
def test_a_rise_is_as_likely_as_its_place_among_all_orders(values: list[int]) -> None:
    """Within a tenth: the normal curve stands for the count of all orders of so few values."""

    def score(order: Sequence[int]) -> int:
        return sum((later > earlier) - (later < earlier) for earlier, later in combinations(order, 2))

    scores = [score(order) for order in permutations(values)]
    exact = sum(each >= score(values) for each in scores) / len(scores)
    assert chance_of_rise([float(value) for value in values]) == pytest.approx(exact, abs=0.1)


def test_a_steady_rise_against_the_count_of_orders() -> None:
    """Seven rising values are one order of 5040; the normal curve says the same within a factor of a few."""
    assert 1 / 5040 / 10 < chance_of_rise([1, 2, 3, 4, 5, 6, 7]) < 10 / 5040
    assert chance_of_rise([1, 1, 1, 1, 1]) == 1
    assert chance_of_rise([1, 2, 3]) == 1


@given(st.lists(st.integers(0, 2), max_size=15))
def test_the_longest_run_is_the_longest_of_all_stretches_of_one_value(values: list[int]) -> None:
    place, length = longest_run(values)
    stretches = [
        values[start:end]
        for start, end in product(range(len(values) + 1), repeat=2)
        if start < end and len(set(values[start:end])) == 1
    ]
    assert length == max(map(len, stretches), default=0)
    assert values[place : place + length] == values[place : place + 1] * length
    assert equal_neighbours(values) == sum(1 for stretch in stretches if len(stretch) == 2)


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.5))
def test_discoveries_are_all_up_to_the_largest_that_passes_its_step(chances: list[float], rate: float) -> None:
    found = discoveries(chances, rate=rate)
    limit = max(
        (chance for chance in chances if chance <= rate * sum(each <= chance for each in chances) / len(chances)),
        default=-1.0,
    )
    assert {chances[place] for place in found} == {chance for chance in chances if chance <= limit}


@given(st.permutations([0.0001, 0.02, 0.4, 0.9]))
def test_discoveries_do_not_depend_on_the_order(chances: list[float]) -> None:
    assert {chances[place] for place in discoveries(chances, rate=0.05)} == {0.0001, 0.02}


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (Fraction(1, 2), "once in 2"),
        (0.0011, "once in 909"),
        (3e-9, "once in 10^8"),
        (1e-40, "once in more than 10^15"),
        (0.0, "once in more than 10^15"),
    ],
)
def test_a_chance_in_plain_words(chance: float, words: str) -> None:
    assert once_in(float(chance)) == words


@given(st.floats(-20, 20), st.integers(2, 90))
def test_the_tail_of_z_is_the_integral_of_students_density(z: float, peers: int) -> None:
    degrees = max(1, round(MAD_EFFICIENCY * (peers - 1)))
    scale = exp(lgamma((degrees + 1) / 2) - lgamma(degrees / 2)) / sqrt(degrees * pi)
    steps = 2000
    inner = [scale * (1 + (abs(z) * (n + 0.5) / steps) ** 2 / degrees) ** (-(degrees + 1) / 2) for n in range(steps)]
    half = sum(inner) * abs(z) / steps
    assert chance_of_z(z, peers) == pytest.approx(0.5 - half if z > 0 else 0.5 + half, abs=1e-4)


def test_fewer_peers_make_the_same_distance_less_surprising() -> None:
    chances = [chance_of_z(5, peers) for peers in (8, 20, 60, 200)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.005
    assert chances[-1] < 1e-5


def test_a_value_stands_in_its_own_class() -> None:
    values = [("primary", 6.0), *(("primary", 2.0) for _other in range(4)), ("junior", 6.0), ("junior", 6.0)]
    seen = standings(values, least_peers=4, least_spread=0.1)
    assert seen[5:] == [None, None]
    high, usual = seen[0], seen[1]
    assert high is not None
    assert usual is not None
    assert (high.peers, high.usual, high.times) == (4, pytest.approx(2), pytest.approx(3))
    assert high.chance < 0.05 < usual.chance == 0.5
    assert standings(values, least_peers=5, least_spread=0.1) == [None] * 7
    # Peers that differ more make the same distance more likely.
    wide = standings(
        [("primary", 6.0), *(("primary", each) for each in (1.0, 1.5, 2.0, 4.0))], least_peers=4, least_spread=0.1
    )[0]
    assert wide is not None
    assert wide.chance > high.chance


@given(st.floats(0.01, 1e9), st.floats(1.5, 10))
def test_sizes_of_one_class_differ_by_less_than_the_factor(size: float, factor: float) -> None:
    assert size_class(size * factor * 1.001, factor) > size_class(size, factor)
    assert size_class(size * factor, factor) - size_class(size, factor) <= 2


def test_a_step_is_told_from_a_slope() -> None:
    assert rises_by_steps([1, 1, 1, 2, 2, 2, 2])
    assert rises_by_steps([1, 1.2, 0.8, 1.1, 2, 2.1, 1.9, 2.2])
    assert not rises_by_steps([1, 1.5, 2, 2.5, 3, 3.5])
    assert not rises_by_steps([1, 1, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.2])


def test_a_slope_is_measured_by_what_is_usual() -> None:
    rise = [0.0, 1.0, 2.0, 3.0, 4.0]
    # The slope of five points in a row of ones is known to within the deviation over the root of ten.
    assert chance_of_slope(rise, deviation=1, known_from=500) == pytest.approx(chance_of_z(sqrt(10), 500))
    assert chance_of_slope(rise[::-1], deviation=1, known_from=500) > 0.99
    assert chance_of_slope(rise, deviation=9, known_from=500) > chance_of_slope(rise, deviation=1, known_from=500)
    with pytest.raises(ValueError, match="above zero"):
        chance_of_slope(rise, deviation=0, known_from=500)
