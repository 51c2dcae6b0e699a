"""The catalogue as a document: `docs/rules.md` is what this says of the rules as they are shipped."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from services.audit_worker.catalogue import Header, Rule
from shared.vocabulary import CODE_LISTS

FAMILIES = {
    "A": "台账真实完整 / Ledger integrity",
    "B": "自愿选择与服务质量 / Consent, choice and quality",
    "C": "外聘人员与第三方机构 / Outside people and providers",
    "D": "统计、审议、公示与上报 / Summing up, deliberation, publication and submission",
    "E": "报酬与经费 / Remuneration and funds",
    "F": "虚报迹象 / Indicators of over-reporting",
    "G": "中心与部门职责 / Duties of the stage centres and the bureau",
}
_OPENING = """\
# 审计规则 / The audit rules

Written by `taizhang audit rules --format md` from the rules' own headers; a test holds this page to them. What a finding
says of a rule is in its `says`; *when*, *subject*, *expected* and *found* are the finding's own.
"""


def rule_book(rules: Sequence[Rule]) -> str:
    """Markdown: a table of all rules, then each rule by family, in order of code."""
    return "\n".join([_OPENING, *_table(rules), *_families(rules)])


def rule_list(rules: Sequence[Rule], missing: Mapping[str, Sequence[str]]) -> str:
    """A few lines a rule. `missing`: by code, what a school has never sent, of the rules that are not applicable to it."""
    lines = []
    for header in (rule.header for rule in rules):
        lines.append(
            f"{header.code}  {header.severity:8}  {'、'.join(header.clause):16}  {header.name.zh} / {header.name.en}\n"
            f"     {header.claims}"
        )
        if header.code in missing:
            lines.append(f"     not applicable: the school has never sent {', '.join(missing[header.code])}")
    return "\n".join(lines)


def _table(rules: Sequence[Rule]) -> Iterator[str]:
    yield f"{len(rules)} rules.\n"
    yield "| | 规则 | rule | clause | severity |"
    yield "| --- | --- | --- | --- | --- |"
    for rule in rules:
        header = rule.header
        yield (
            f"| [{header.code}](#{header.code.lower()}) | {header.name.zh} | {header.name.en} | {'、'.join(header.clause)} | "
            f"{CODE_LISTS['severity'][header.severity].zh} / {header.severity} |"
        )


def _families(rules: Sequence[Rule]) -> Iterator[str]:
    for family, members in groupby(rules, key=lambda rule: rule.header.code[0]):
        yield f"\n## {family} {FAMILIES[family]}"
        for rule in members:
            yield from _rule(rule.header)


def _rule(header: Header) -> Iterator[str]:
    yield f'\n<a id="{header.code.lower()}"></a>\n'
    yield f"### {header.code} {header.name.zh} / {header.name.en}\n"
    yield f"- **Clause**: {'、'.join(header.clause)}. **Severity**: {header.severity}. **Looks at**: {_grain(header)}. **Version**: {header.version}."
    yield f"- **Claims**: {' '.join(header.claims.split())}"
    yield f"- **Spares**: {' '.join(header.spares.split())}"
    yield f"- **Misses**: {' '.join(header.misses.split())}"
    yield f"- **Says**: {header.says.zh} / {header.says.en}"
    yield f"- **Reads**: {', '.join(header.reads)}."
    if header.needs:
        yield f"- **Not applicable** to a school that has never sent: {', '.join(header.needs)}."
    if header.yields_to:
        yield f"- **Gives way to**: {', '.join(header.yields_to)}, where they say the same record."
    for name, parameter in header.parameters.items():
        yield f"- `{name}` = {parameter.default}: {' '.join(parameter.why.split())}"


def _grain(header: Header) -> str:
    return header.grain.replace("_", " ")
