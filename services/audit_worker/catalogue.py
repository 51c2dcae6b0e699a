"""The rules: reads each file, checks its header and its statement, takes the district's parameters."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.audit_worker.fold import Row
from shared.database import Statement
from shared.vocabulary import Grain, Severity

# What SQL cannot say: `find(rows, parameters)` of the `.py` beside a rule's `.sql` makes the findings out of the rows that
# the statement returns, whatever their columns (jsonb as text). Pure; the order of the rows says nothing.
Find = Callable[[Sequence[Mapping[str, object]], Mapping[str, object]], Iterable[Row]]

RULES = Path(__file__).parent / "rules"
LOCK = RULES / "rules.lock"

# What every statement without a `.py` returns, and nothing else.
FINDING_COLUMNS = (
    "school_id",
    "subject_kind",
    "subject",
    "service_date",
    "period",
    "expected",
    "found",
    "hours_at_risk_hundredths",
    "amount_at_risk_fen",
    "evidence",
)
# What the engine binds; a grain that follows people also gets staff_ids.
SCOPE_BINDS = frozenset({"school_ids", "staff_ids", "first_day", "last_day"})

# The notice was issued on this day; a check is never applied to a date before it.
NOTICE_ISSUED_ON = date(2024, 11, 4)


class RuleInvalid(Exception):
    """A rule file, the lock or the district's parameters cannot be used; the message names the place."""


class Wording(BaseModel):
    """The same in Chinese and English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


class Parameter(BaseModel):
    """A value that a district may set, and why it is what it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: int | Decimal | list[str]
    why: str = Field(min_length=10)


class Header(BaseModel):
    """The opening comment of a rule, whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^[A-G][0-9]{2}$")
    name: Wording
    clause: list[str] = Field(min_length=1)
    grain: Grain
    severity: Severity
    reads: list[str] = Field(min_length=1)
    # Records without which it says nothing: it is not applicable to a school that has never sent one.
    needs: list[str] = []
    claims: str
    spares: str
    misses: str
    says: Wording
    parameters: dict[str, Parameter] = {}
    yields_to: list[str] = []
    version: int = Field(ge=1)
    effective_from: date = NOTICE_ISSUED_ON


@dataclass(frozen=True)
class Rule:
    """One rule as it runs: header, statement, the parameters in force; `find` where a `.py` says the rest."""

    header: Header
    statement: Statement
    find: Find | None
    parameters: Mapping[str, object]
    effective_from: date
    path: Path
    digest: str

    @property
    def code(self) -> str:
        """Its number in the catalogue, e.g. A14."""
        return self.header.code


_HEADER = re.compile(r"\A\s*/\*\n(.*?)\*/\s*", re.DOTALL)


def read_catalogue(config: Path | None = None, *, folder: Path = RULES) -> list[Rule]:
    """Every rule of a folder, in order of code, with the district's parameters of `config` (YAML: code → parameter → value).

    Raises RuleInvalid.
    """
    chosen = _read_config(config)
    rules = [_read_rule(path, chosen) for path in sorted(folder.glob("*/*.sql"))]
    by_code = {rule.code: rule for rule in rules}
    if len(by_code) != len(rules):
        raise RuleInvalid("two rules have the same code")
    for code, unknown in ((code, set(values)) for code, values in chosen.items() if code not in by_code):
        raise RuleInvalid(f"{config}: there is no rule {code} (it sets {', '.join(sorted(unknown))})")
    for rule in rules:
        for other in rule.header.yields_to:
            if other not in by_code:
                raise RuleInvalid(f"{rule.path.name} yields to {other}, which is no rule")
    return sorted(rules, key=lambda rule: rule.code)


def _read_config(config: Path | None) -> dict[str, dict[str, object]]:
    if config is None:
        return {}
    try:
        found = yaml.load(config.read_text("utf-8"), yaml.CSafeLoader) or {}
    # Also what is no UTF-8, and 30 February.
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RuleInvalid(f"TAIZHANG_RULES_CONFIG cannot be read: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(values, dict) for values in found.values()):
        raise RuleInvalid(f"{config}: a mapping of rule code to parameters is wanted")
    return found


def _read_rule(path: Path, chosen: Mapping[str, Mapping[str, object]]) -> Rule:
    text = path.read_text("utf-8")
    opening = _HEADER.match(text)
    if opening is None:
        raise RuleInvalid(f"{path.name}: the file begins with its header in a block comment")
    try:
        header = Header.model_validate(yaml.load(opening[1], yaml.CSafeLoader))
    except (ValidationError, yaml.YAMLError) as error:
        raise RuleInvalid(f"{path.name}: {error}") from error
    sql = text[opening.end() :]
    statement = Statement.parse(sql)
    unknown = set(statement.binds) - SCOPE_BINDS - set(header.parameters)
    if unknown:
        raise RuleInvalid(f"{path.name}: binds {', '.join(sorted(unknown))} are neither scope nor parameter")
    parameters, effective_from = _in_force(header, chosen.get(header.code, {}))
    defaults = sorted((name, str(parameter.default)) for name, parameter in header.parameters.items())
    beside = path.with_suffix(".py")
    pure = beside.read_text("utf-8") if beside.is_file() else ""
    digest = sha256(f"{sql.strip()}\n{defaults}{pure}".encode()).hexdigest()
    return Rule(header, statement, _find(beside) if pure else None, parameters, effective_from, path, digest)


def with_parameters(rule: Rule, own: Mapping[str, object]) -> Rule:
    """The rule with other values for these of its parameters, or another `effective_from`; raises RuleInvalid."""
    inherited = {name: value for name, value in rule.parameters.items() if name not in own}
    parameters, effective_from = _in_force(rule.header, {"effective_from": rule.effective_from, **inherited, **own})
    return replace(rule, parameters=parameters, effective_from=effective_from)


def _in_force(header: Header, own: Mapping[str, object]) -> tuple[dict[str, object], date]:
    """The parameters and the first day in force, where `own` says otherwise than the header; raises RuleInvalid."""
    own = dict(own)
    effective_from = own.pop("effective_from", header.effective_from)
    if not isinstance(effective_from, date):
        raise RuleInvalid(f"{header.code}: effective_from is a date, not {effective_from!r}")
    parameters: dict[str, object] = {name: parameter.default for name, parameter in header.parameters.items()}
    for name, value in own.items():
        if name not in parameters:
            raise RuleInvalid(f"{header.code} has no parameter {name}; it has {', '.join(parameters) or 'none'}")
        parameters[name] = _as(parameters[name], value, f"{header.code}: {name}")
    return parameters, effective_from


def _as(default: object, value: object, place: str) -> object:
    """The value as what the default is: a whole number, a number, or a list of words; raises RuleInvalid."""
    if isinstance(default, list):
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return value
        raise RuleInvalid(f"{place} is a list of words like {default}, not {value!r}")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise RuleInvalid(f"{place} is a number like {default}, not {value!r}")
    if isinstance(default, Decimal):
        return Decimal(str(value))
    if not isinstance(value, int):
        raise RuleInvalid(f"{place} is a whole number like {default}, not {value!r}")
    return value


def _find(beside: Path) -> Find:
    """`find` of a rule's `.py`; only the package of the rules is ever imported from."""
    module = import_module(f"services.audit_worker.rules.{beside.parent.name}.{beside.stem}")
    found = getattr(module, "find", None)
    if not callable(found):
        raise RuleInvalid(f"{beside.name}: it defines no find(rows, parameters)")
    return cast("Find", found)


def locked() -> dict[str, tuple[int, str]]:
    """The lock: code → (version, digest of statement, parameters and what is beside it in Python)."""
    found = {}
    for line in LOCK.read_text("ascii").splitlines():
        code, version, digest = line.split()
        found[code] = (int(version), digest)
    return found


def lock_lines(rules: Sequence[Rule]) -> str:
    """The lock as these rules would have it."""
    return "".join(f"{rule.code} {rule.header.version} {rule.digest}\n" for rule in rules)
