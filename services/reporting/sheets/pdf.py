"""A form as a PDF to print, post and file: A4, fonts inside, PDF/A-2u for the archive (存档备查)."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

import noto_cjk_sans_otc
import structlog
import typst

from services.reporting.sheets.form import Form, Signature, Table, shown_cell
from services.reporting.sheets.qr_code import qr_code
from shared.problems import Language

log = structlog.get_logger()


_PAGE = Path(__file__).with_name("form.typ").read_bytes()
_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "page": "第 {at} 页 共 {all} 页",
        "scan": "扫码核对是否与台账一致",
        "colon": "：",
        "nothing": "（无记录）",
        "sign": "（签字）",
        "seal": "（盖章）",
        "date": "　　　　年　　月　　日",
    },
    "en": {
        "page": "Page {at} of {all}",
        "scan": "Scan to check against the ledger",
        "colon": ":",
        "nothing": "(no records)",
        "sign": " (signature)",
        "seal": " (seal)",
        "date": "Date: ____________",
    },
}


def pdf_of(form: Form, *, printed_at: datetime) -> bytes:
    """The form as PDF; the same form and instant give the same bytes. Takes a second per thousand rows: call it in a thread.

    A letter that no font of ours has (one in private use, say) is a box on an ordinary PDF: an archive's promises that
    every letter is there, and would be none. Raises typst.TypstError where the page itself is wrong.
    """
    try:
        return _set(form, printed_at, "a-2u")
    except typst.TypstError as error:
        if not error.message.startswith("PDF/A"):
            raise
        log.info("sheet_not_for_the_archive", reason=error.message)
        return _set(form, printed_at, None)


def _set(form: Form, printed_at: datetime, standard: Literal["a-2u"] | None) -> bytes:
    printed: bytes = typst.compile(
        _PAGE,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"form": json.dumps(_shown(form), ensure_ascii=False)},
        format="pdf",
        pdf_standards=standard,
        timestamp=printed_at.astimezone(UTC).replace(microsecond=0),
    )
    return printed


@cache
def _fonts() -> typst.Fonts:
    """The Chinese font from its package, and Typst's own for rare Latin: no machine's fonts change how a sheet looks."""
    folder = str(Path(str(noto_cjk_sans_otc.FONT_PATH)).parent)
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])


def _shown(form: Form) -> dict[str, object]:
    words = _WORDS[form.language]
    return {
        "title": form.title,
        "school": form.school,
        "subtitle": form.subtitle,
        "facts": form.facts,
        "tables": [_table(table) for table in form.tables],
        "notes": form.notes,
        "signatures": [_signature(place, words) for place in form.signatures],
        "signed": _signed(form),
        "landscape": form.landscape,
        "lang": form.language,
        "words": words,
        "footer": "" if form.binding is None else form.binding.code[-8:],
        "binding": None if form.binding is None else form.binding.words,
        "url": "" if form.binding is None else form.binding.url,
        "qr": None if form.binding is None else qr_code(form.binding.url),
    }


def _signed(form: Form) -> str:
    """What the signatures stand under: which sheet of which period, with its totals."""
    sums = [
        shown_cell(cell, column.kind) if column.kind == "text" else f"{column.title} {shown_cell(cell, column.kind)}"
        for table in form.tables
        for cell, column in zip(table.totals or (), table.columns, strict=table.totals is not None)
        if cell is not None
    ]
    return " · ".join([form.title, form.subtitle, *sums])


def _table(table: Table) -> dict[str, object]:
    kinds = [column.kind for column in table.columns]
    return {
        "title": table.title,
        "columns": [{"title": each.title, "kind": each.kind, "weight": each.weight} for each in table.columns],
        "rows": [[shown_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in table.rows],
        "totals": None
        if table.totals is None
        # What a total leaves out is left empty: a dash would say that it is not known.
        else ["" if cell is None else shown_cell(cell, kind) for cell, kind in zip(table.totals, kinds, strict=True)],
    }


def _signature(place: Signature, words: dict[str, str]) -> dict[str, object]:
    return {
        "who": place.who,
        "how": words["seal" if place.seal else "sign"],
        "by": place.by,
        "on": words["date"] if place.on is None else place.on.isoformat(),
    }
