"""One cause, one finding: a rule gives way where another that it names says the same record for it. Pure.

What a rule says therefore depends on what it reads and on what those read that it gives way to, however it was dirtied.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from services.audit_worker.catalogue import Rule
from services.audit_worker.fold import Row
from services.audit_worker.scope import Scope

# Each rule's rows in each of its scopes.
Found = dict[str, list[tuple[Scope, list[Row]]]]


def read_by(rules: Sequence[Rule], rule: Rule) -> set[str]:
    """The resources whose change can change what the rule says, or what it gives way to."""
    by_code = {each.code: each for each in rules}
    return set(rule.header.reads).union(*(by_code[code].header.reads for code in rule.header.yields_to))


def with_those_that_yield(rules: Sequence[Rule], code: str) -> list[Rule]:
    """The rule, and those that give way to it: what it says decides what they say. Empty when there is no such rule."""
    return [rule for rule in rules if rule.code == code or code in rule.header.yields_to]


def covers(found: Sequence[tuple[Scope, Sequence[Row]]], scope: Scope, rule: Rule) -> bool:
    """Whether the rule was run wherever the scope is; one of the district speaks for every school, whichever it was run for."""
    return any(
        (rule.header.grain == "district" or set(scope.school_ids) <= set(run.school_ids))
        and run.first_day <= max(scope.first_day, rule.effective_from)
        and run.last_day >= scope.last_day
        for run, _rows in found
    )


def yielding(
    selected: Sequence[Rule], found: Found, beside: Mapping[str, list[tuple[Scope, list[Row]]]]
) -> dict[str, set[str]]:
    """finding_id of what gives way → the findings that say it: of another rule that it names, of the same record.

    `beside`: what rules said where they were only asked.
    """
    holders: dict[tuple[str, object], set[str]] = defaultdict(set)
    for code in {code for rule in selected for code in rule.header.yields_to}:
        for said in (found, beside):
            for _scope, rows in said.get(code, ()):
                for row in rows:
                    for record in row.records:
                        holders[code, _name(record)].add(row.finding_id(code))
    yielded: dict[str, set[str]] = {}
    for rule in selected:
        for _scope, rows in found[rule.code] if rule.header.yields_to else ():
            for row in rows:
                said_by = set().union(
                    *(
                        holders.get((code, _name(record)), set())
                        for code in rule.header.yields_to
                        for record in row.records
                    ),
                )
                if said_by:
                    yielded[row.finding_id(rule.code)] = said_by
    return yielded


def _name(record: object) -> object:
    return tuple(record) if isinstance(record, list) else record
