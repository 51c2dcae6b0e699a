"""Code lists: the values of every enumeration, with their words and, where one exists, the national code."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.ledger_api.dependencies import AnyCaller
from shared.problems import Refused
from shared.vocabulary import CODE_LISTS

router = APIRouter(prefix="/v1/code-lists", tags=["code-lists"])


class Code(BaseModel):
    """One value of one list."""

    list: str
    code: str
    zh: str
    en: str
    national_code: str | None


class Codes(BaseModel):
    """Values; the lists are short, a page holds them all."""

    items: list[Code]
    next_cursor: None = None


@router.get("")
async def list_codes(caller: AnyCaller) -> Codes:  # noqa: ARG001 signing in is what is asked
    """Every value of every list."""
    return Codes(items=[code for name in CODE_LISTS for code in _codes_of(name)])


@router.get("/{name}")
async def get_list(name: str, caller: AnyCaller) -> Codes:  # noqa: ARG001 signing in is what is asked
    """The values of one list."""
    if name not in CODE_LISTS:
        raise Refused("not_found")
    return Codes(items=_codes_of(name))


@router.get("/{name}/{code}")
async def get_code(name: str, code: str, caller: AnyCaller) -> Code:  # noqa: ARG001 signing in is what is asked
    """One value."""
    found = next((each for each in _codes_of(name) if each.code == code), None) if name in CODE_LISTS else None
    if found is None:
        raise Refused("not_found")
    return found


def _codes_of(name: str) -> list[Code]:
    return [
        Code(list=name, code=code, zh=label.zh, en=label.en, national_code=label.national_code)
        for code, label in CODE_LISTS[name].items()
    ]
