"""Class hours (课时): whole hundredths. Pure."""

from decimal import Decimal
from fractions import Fraction
from typing import NewType

Hundredths = NewType("Hundredths", int)


def hundredths_of(class_hours: Decimal) -> Hundredths:
    """Class hours with at most two decimals as hundredths; raises ValueError when there are more, or it is no number."""
    if not class_hours.is_finite():
        raise ValueError(f"{class_hours} is not a number of class hours")
    # A fraction is exact where Decimal rounds to its context.
    scaled = Fraction(class_hours) * 100
    if scaled.denominator != 1:
        raise ValueError(f"{class_hours} has more than two decimal places")
    return Hundredths(scaled.numerator)


def shown_class_hours(hundredths: int) -> str:
    """Hundredths as a plain number without idle zeros, e.g. `150` → `1.5`."""
    return f"{Decimal(hundredths) / 100:f}"
