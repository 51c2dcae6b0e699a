"""Why a line of pay is what it is, in words: class hours × rate × factors = amount; 一(一)5."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Literal

from shared.class_hours import shown_class_hours
from shared.money import shown_yuan
from shared.remuneration import FactorUsed, PayLine, Worth
from shared.vocabulary import CODE_LISTS


def why(line: PayLine | Worth, *, scale: Fraction = Fraction(1), language: Literal["zh", "en"] = "zh") -> str:
    """One sentence: class hours × rate × factors = amount, and what cut it."""
    zh, price = language == "zh", line.price
    unit, per = ("课时", "元") if zh else ("class hours", "yuan")
    rate_of = _label(price.rate_of, ("category", "duty_kind"), language)
    parts = [
        f"{shown_class_hours(line.paid_class_hours_hundredths)} {unit}",
        f"{shown_yuan(price.rate_fen)} {per} ({rate_of})",
    ]
    parts += [_shown_factor(factor, language) for factor in price.factors]
    if scale != 1:
        parts.append(f"{float(scale):.6f} ({'预算比例' if zh else 'budget scale'})")
    sentence = f"{' × '.join(parts)} = {shown_yuan(line.amount_fen)} {per}"
    if line.paid_class_hours_hundredths != line.class_hours_hundredths:
        claimed = shown_class_hours(line.class_hours_hundredths)
        sentence += (
            f"（申报 {claimed} 课时，超过上限部分不计）" if zh else f" (claimed {claimed}; above the cap is not paid)"
        )
    return sentence


# A factor's name in both languages, and the code list its entries are of.
FACTOR_NAMES: Mapping[str, tuple[str, str, str]] = {
    "slot": ("时段", "slot", ""),
    "role": ("职责", "role", "staff_role"),
    "staff_kind": ("人员类别", "kind of person", "staff_kind"),
    "headcount": ("学生人数", "pupils", ""),
    "quality": ("效果", "quality", ""),
    "weekday": ("星期", "weekday", ""),
}


def _shown_factor(factor: FactorUsed, language: Literal["zh", "en"]) -> str:
    zh, en, codes = FACTOR_NAMES[factor.name]
    entry = _label(factor.entry, (codes,), language)
    return f"{factor.value.normalize():f} ({f'{zh}：{entry}' if language == 'zh' else f'{en}: {entry}'})"


def _label(code: str, lists: Iterable[str], language: Literal["zh", "en"]) -> str:
    for name in lists:
        label = CODE_LISTS.get(name, {}).get(code)
        if label is not None:
            return label.zh if language == "zh" else label.en
    return code
