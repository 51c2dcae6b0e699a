"""What a provider's claims make of a person here: bureau, auditor, a stage's centre or a school, and of whom."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, get_args

from shared.problems import Refused
from shared.vocabulary import SANDBOX_SCHOOLS, SCHOOL_ID, ClientKind, Stage

# Sandboxes are for programs.
KINDS: tuple[ClientKind, ...] = ("school", "centre", "bureau", "auditor")
STAGES: tuple[Stage, ...] = get_args(Stage)
_LONGEST_NAME = 200


@dataclass(frozen=True)
class ClaimNames:
    """Which claims say what; `kinds`: from the provider's word for a role to ours."""

    kind: str
    schools: str
    stage: str
    kinds: Mapping[str, str]

    def kind_is_in(self, claims: Mapping[str, Any]) -> bool:
        """Whether these claims say anything about the person's role."""
        return claim(claims, self.kind) is not None


@dataclass(frozen=True)
class Person:
    """Who signed in, as one of the clients that the ledger knows."""

    client_id: str
    name: str | None
    kind: ClientKind
    schools: tuple[str, ...]
    stage: Stage | None


def person_of(claims: Mapping[str, Any], names: ClaimNames, *, issuer: str) -> Person:
    """The person of an ID token's claims. Raises Refused (403) unless they make one kind, with its schools or its stage.

    The client's id is a digest of issuer and subject: the same person has the same one for ever, and it names nobody.
    """
    kinds = {names.kinds[word] for word in _words(claim(claims, names.kind)) if word in names.kinds}
    if len(kinds) != 1:
        raise Refused("role_unknown", claim=names.kind)
    (kind,) = (each for each in KINDS if each in kinds)
    schools: tuple[str, ...] = ()
    stage: Stage | None = None
    if kind == "school":
        schools = tuple(dict.fromkeys(_words(claim(claims, names.schools))))
        if not schools or not all(map(_is_real_school, schools)):
            raise Refused("role_without_schools", claim=names.schools)
    if kind == "centre":
        said = _words(claim(claims, names.stage))
        stage = next((each for each in STAGES if said == [each]), None)
        if stage is None:
            raise Refused("role_without_stage", claim=names.stage)
    name = claims.get("name")
    digest = sha256(f"{issuer}\n{claims['sub']}".encode()).hexdigest()[:32]
    return Person(
        client_id=f"person-{digest}",
        name=name.replace("\0", "")[:_LONGEST_NAME] if isinstance(name, str) else None,
        kind=kind,
        schools=schools,
        stage=stage,
    )


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name, or where its dots lead (`realm_access.roles`); None when there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _words(said: Any) -> list[str]:
    """A claim's words: a list of texts, or one text with commas or spaces between them."""
    if isinstance(said, str):
        return [word for word in re.split(r"[,\s]+", said) if word]
    return [word for word in said if isinstance(word, str)] if isinstance(said, list) else []


def _is_real_school(school_id: str) -> bool:
    return re.fullmatch(SCHOOL_ID, school_id) is not None and not school_id.startswith(SANDBOX_SCHOOLS)
