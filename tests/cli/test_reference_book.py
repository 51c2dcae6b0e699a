"""The reference: docs/endpoints.md and docs/code-lists.md are what is served and what values are checked by."""

import pytest

from services.cli.reference_book import BOOKS, DOCUMENTS
from services.ledger_api.app import ROUTERS
from shared.vocabulary import CODE_LISTS


@pytest.mark.parametrize("file", BOOKS)
def test_the_document_is_what_runs(file: str) -> None:
    written = (DOCUMENTS / file).read_text("utf-8")
    assert written == BOOKS[file]() + "\n", "write it anew: make docs"


def test_every_route_and_every_value_stands_there() -> None:
    endpoints, codes = (BOOKS[file]() for file in ("endpoints.md", "code-lists.md"))
    for module in ROUTERS:
        for route in module.router.routes:
            assert not route.include_in_schema or f"`{route.path.replace(':path', '')}`" in endpoints
    for name, values in CODE_LISTS.items():
        section = codes.partition(f"## `{name}`\n")[2].partition("\n## ")[0]
        assert all(f"| `{code}` | {label.zh} | {label.en} |" in section for code, label in values.items())
