"""Class hours are whole hundredths: read exactly, shown plainly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.class_hours import hundredths_of, shown_class_hours

hundredths = st.integers(0, 10**9)


@given(hundredths)
def test_what_is_shown_reads_back_as_the_same_class_hours(amount: int) -> None:
    assert hundredths_of(Decimal(shown_class_hours(amount))) == amount


@given(hundredths)
def test_class_hours_are_shown_without_idle_zeros_and_exponents(amount: int) -> None:
    shown = shown_class_hours(amount)
    assert "E" not in shown
    assert "." not in shown or shown[-1] not in "0."


@pytest.mark.parametrize(("amount", "shown"), [(150, "1.5"), (100, "1"), (5, "0.05"), (0, "0"), (100000, "1000")])
def test_hundredths_are_shown_as_a_plain_number(amount: int, shown: str) -> None:
    assert shown_class_hours(amount) == shown


@pytest.mark.parametrize(("given_text", "amount"), [("1.50", 150), ("1.500000", 150), ("2E+1", 2000), ("0", 0)])
def test_the_spelling_of_a_number_does_not_matter(given_text: str, amount: int) -> None:
    assert hundredths_of(Decimal(given_text)) == amount


@given(hundredths, st.integers(1, 9), st.integers(3, 40))
def test_a_third_decimal_is_never_rounded_away(amount: int, digit: int, place: int) -> None:
    whole, two_decimals = divmod(amount, 100)
    finer = f"{whole}.{two_decimals:02d}".ljust(len(str(whole)) + place, "0") + str(digit)
    with pytest.raises(ValueError, match="more than two decimal places"):
        hundredths_of(Decimal(finer))


@pytest.mark.parametrize("given_text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_class_hours(given_text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        hundredths_of(Decimal(given_text))
