"""Money: whole fen, exact until the one rounding. Pure."""

from collections.abc import Sequence
from fractions import Fraction
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
    whole = sum(exact, Fraction(0))
    if whole == 0:
        return [Fen(0)] * len(exact)
    shares = [amount * total_fen / whole for amount in exact]
    floors = [int(share) for share in shares]
    left = int(total_fen) - sum(floors)
    by_remainder = sorted(range(len(shares)), key=lambda place: floors[place] - shares[place])
    for place in by_remainder[:left]:
        floors[place] += 1
    return [Fen(amount) for amount in floors]
