"""Class hours (课时): whole hundredths. Pure."""

from decimal import Decimal
from typing import NewType

Hundredths = NewType("Hundredths", int)


def hundredths_of(class_hours: Decimal) -> Hundredths:
    """Class hours with at most two decimals as hundredths; raises ValueError when there are more."""
    scaled = class_hours * 100
    if scaled != int(scaled):
        raise ValueError(f"{class_hours} has more than two decimal places")
    return Hundredths(int(scaled))


def shown_class_hours(hundredths: int) -> str:
    """Hundredths as a plain number without idle zeros, e.g. `150` → `1.5`."""
    return f"{Decimal(hundredths) / 100:f}"
