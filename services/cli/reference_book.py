"""What is served and which values there are, as documents: `python -m services.cli.reference_book` writes them to docs/."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.ledger_api.app import create_app as create_ledger_api
from services.reporting.app import create_app as create_reporting
from shared.openapi import PUBLIC
from shared.settings import Settings
from shared.vocabulary import CODE_LISTS

DOCUMENTS = Path(__file__).parents[2] / "docs"
_ENDPOINTS = """\
# 接口 / Endpoints

Written by `python -m services.cli.reference_book` from the OpenAPI documents of both services; a test holds this page to them.
Fields, parameters and shapes are at `/docs` and `/openapi.json` of the running service. An endpoint marked † needs no token.
"""
_CODES = """\
# 代码表 / Code lists

Written by `python -m services.cli.reference_book` from the lists that the services check by, also at `/v1/code-lists`; a test
holds this page to them. The national code stands where there is one.
"""


def endpoint_book() -> str:
    """Markdown: each endpoint of both services with what it does, by its noun, in the order they are served."""
    nowhere = Settings()
    services = {"Ledger API": create_ledger_api(nowhere), "Reporting": create_reporting(nowhere)}
    return "\n".join([_ENDPOINTS, *(line for name, app in services.items() for line in _service(name, app.openapi()))])


def _service(name: str, document: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## {name}\n"
    yield "| | path | |"
    yield "| --- | --- | --- |"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            described = " ".join((operation.get("description") or operation["summary"]).split("\n\n")[0].split())
            mark = " †" if path in PUBLIC else ""
            yield f"| {method.upper()} | `{path}`{mark} | {described.replace('|', '/')} |"


def code_book() -> str:
    """Markdown: each list with its values, their words in both languages and their national codes."""
    return "\n".join([_CODES, *(line for name in CODE_LISTS for line in _list(name))])


def _list(name: str) -> Iterator[str]:
    yield f"\n## `{name}`\n"
    yield "| code | 中文 | English | 国家代码 / national |"
    yield "| --- | --- | --- | --- |"
    for code, label in CODE_LISTS[name].items():
        yield f"| `{code}` | {label.zh} | {label.en} | {label.national_code or ''} |"


BOOKS = {"endpoints.md": endpoint_book, "code-lists.md": code_book}

if __name__ == "__main__":
    for file, book in BOOKS.items():
        (DOCUMENTS / file).write_text(book() + "\n", "utf-8")
