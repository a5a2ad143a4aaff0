"""同比 and 环比: a figure against that of an earlier month, always with what it was divided by. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from domain.value import Value

NO_BASE = "无可比基数"
"""Said when the earlier month is unknown or its figure is 0: nothing can be divided by it."""


class Share(Value):
    """A part of a whole, both shown. A whole of 0 has no share."""

    numerator: int
    denominator: int

    @property
    def percent(self) -> str | None:
        """`87.5%`; None when there is nothing to divide by."""
        return f"{_tenths(self._fraction)}%" if self.denominator else None

    @property
    def said(self) -> str:
        """`87.5%(7/8)`, or that there is nothing."""
        return f"{self.percent}({self.numerator}/{self.denominator})" if self.denominator else "无"

    @property
    def _fraction(self) -> Fraction:
        return Fraction(100 * self.numerator, self.denominator)

    def points_above(self, base: Share) -> str:
        """`+2.5个百分点`: the difference of two shares, neither of nothing."""
        return f"{_tenths(self._fraction - base._fraction, signed=True)}个百分点"


class Comparison(Value):
    """A count against an earlier one. `base` None: that month is unknown. `rate`: how many more, over the base."""

    base: int | None
    more: int | None
    rate: Share | None
    said: str


class ShareComparison(Value):
    """An on-time rate against an earlier one, in percentage points; both parts of the earlier one are said."""

    base: Share | None
    said: str


def compared(now: int, base: int | None) -> Comparison:
    """A count against an earlier one; never a division by 0."""
    if base is None:
        return Comparison(base=None, more=None, rate=None, said=NO_BASE)
    more = now - base
    if base == 0:
        return Comparison(base=0, more=more, rate=None, said=NO_BASE)
    rate = Share(numerator=more, denominator=base)
    said = f"{_tenths(Fraction(100 * more, base), signed=True)}%({more:+d}/{base})"
    return Comparison(base=base, more=more, rate=rate, said=said)


def share_compared(now: Share, base: Share | None) -> ShareComparison:
    """A share against an earlier one; both must be of something."""
    if base is None or not base.denominator or not now.denominator:
        return ShareComparison(base=base, said=NO_BASE if now.denominator else "无")
    return ShareComparison(base=base, said=f"{now.points_above(base)},基数{base.said}")


def _tenths(number: Fraction, *, signed: bool = False) -> str:
    """One decimal, halves away from zero; written with its sign when it is a difference."""
    rounded = (Decimal(number.numerator) / Decimal(number.denominator)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    if rounded == 0:
        return "0.0"  # never -0.0
    return f"{rounded:+}" if signed else f"{rounded}"
