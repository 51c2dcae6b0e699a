"""Money: whole fen, exact until the one rounding. Pure."""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import NewType

Fen = NewType("Fen", int)


def round_to_fen(exact: Fraction) -> Fen:
    """The only rounding: half to even."""
    return Fen(round(exact))


def shown_yuan(fen: int) -> str:
    """Fen as yuan with two decimals, e.g. `8550` → `85.50`."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), 100)
    return f"{sign}{yuan}.{rest:02d}"


def split_in_proportion(exact: Sequence[Fraction], total_fen: Fen) -> list[Fen]:
    """Split `total_fen` in proportion to the amounts; 一(一)5.

    `exact`: none negative. Returns one amount each, in the same order; they add up to `total_fen` exactly: the fen that
    rounding down leaves over go to the largest remainders, ties to the earlier. All zero when every amount is zero.
    """
    # Over one denominator they are whole numbers, whose sums and quotients cost next to nothing.
    denominator = lcm(*{amount.denominator for amount in exact})
    parts = [amount.numerator * (denominator // amount.denominator) for amount in exact]
    whole = sum(parts)
    if whole == 0:
        return [Fen(0)] * len(exact)
    shares, remainders = zip(*(divmod(part * total_fen, whole) for part in parts), strict=True)
    amounts = [Fen(share) for share in shares]
    left = int(total_fen) - sum(amounts)
    for place in sorted(range(len(amounts)), key=lambda place: -remainders[place])[:left]:
        amounts[place] = Fen(amounts[place] + 1)
    return amounts
