"""Money is whole fen: shown to the fen, rounded once, split without losing one."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import Fen, round_to_fen, shown_yuan, split_in_proportion

totals_fen = st.integers(0, 10**12).map(Fen)
amounts = st.lists(st.fractions(0, 10**7, max_denominator=1200), min_size=1, max_size=40)
some_amounts = amounts.filter(any)


@given(some_amounts, totals_fen)
def test_what_is_split_adds_up_to_the_total_to_the_fen(exact: list[Fraction], total_fen: Fen) -> None:
    assert sum(split_in_proportion(exact, total_fen)) == total_fen


@given(some_amounts, totals_fen)
def test_a_share_is_less_than_one_fen_from_its_exact_proportion(exact: list[Fraction], total_fen: Fen) -> None:
    shares = split_in_proportion(exact, total_fen)
    for amount, share in zip(exact, shares, strict=True):
        assert abs(share - amount * total_fen / sum(exact)) < 1


@given(some_amounts, totals_fen)
def test_a_larger_amount_never_gets_the_smaller_share(exact: list[Fraction], total_fen: Fen) -> None:
    shares = split_in_proportion(exact, total_fen)
    in_order_of_amount = [share for _, share in sorted(zip(exact, shares, strict=True))]
    assert in_order_of_amount == sorted(shares)


@given(some_amounts, totals_fen)
def test_who_has_nothing_gets_nothing(exact: list[Fraction], total_fen: Fen) -> None:
    shares = split_in_proportion(exact, total_fen)
    assert all(share == 0 for amount, share in zip(exact, shares, strict=True) if amount == 0)


@given(some_amounts, totals_fen, st.fractions(Fraction(1, 100), 100))
def test_the_unit_of_the_amounts_does_not_matter(exact: list[Fraction], total_fen: Fen, unit: Fraction) -> None:
    in_another_unit = [amount * unit for amount in exact]
    assert split_in_proportion(in_another_unit, total_fen) == split_in_proportion(exact, total_fen)


@given(some_amounts, totals_fen)
def test_of_equal_amounts_the_earlier_gets_the_fen_that_is_left(exact: list[Fraction], total_fen: Fen) -> None:
    shares = split_in_proportion(exact, total_fen)
    for place, amount in enumerate(exact):
        later = [share for share, other in zip(shares[place:], exact[place:], strict=True) if other == amount]
        assert later == sorted(later, reverse=True)


@given(st.lists(st.just(Fraction(0)), max_size=5), totals_fen)
def test_where_nobody_worked_nobody_is_paid(exact: list[Fraction], total_fen: Fen) -> None:
    assert split_in_proportion(exact, total_fen) == [0] * len(exact)


def test_the_fen_left_over_go_to_the_largest_remainders() -> None:
    # Shares 20.4, 30.7 and 48.9 of a hundred: two fen are left, the largest remainders are the last two.
    exact = [Fraction(204, 10), Fraction(307, 10), Fraction(489, 10)]
    assert split_in_proportion(exact, Fen(100)) == [20, 31, 49]


def test_a_hundred_fen_for_three_alike_leave_the_odd_one_to_the_first() -> None:
    assert split_in_proportion([Fraction(1)] * 3, Fen(100)) == [34, 33, 33]


@pytest.mark.parametrize(
    ("exact", "fen"),
    [
        (Fraction(1, 2), 0),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 2),
        (Fraction(49, 100), 0),
        (Fraction(51, 100), 1),
        (Fraction(12, 1), 12),
    ],
)
def test_half_a_fen_is_rounded_to_the_even_one(exact: Fraction, fen: int) -> None:
    assert round_to_fen(exact) == fen


@pytest.mark.parametrize(
    ("fen", "yuan"),
    [(8550, "85.50"), (0, "0.00"), (7, "0.07"), (-7, "-0.07"), (-10005, "-100.05"), (10**12, "10000000000.00")],
)
def test_fen_are_shown_as_yuan_with_two_decimals(fen: int, yuan: str) -> None:
    assert shown_yuan(fen) == yuan


@given(st.integers(-(10**15), 10**15))
def test_no_fen_is_lost_in_showing(fen: int) -> None:
    assert Fraction(shown_yuan(fen)) * 100 == fen
