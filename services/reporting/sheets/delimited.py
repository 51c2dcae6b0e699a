"""A report as CSV: one header row, cells that no spreadsheet takes for a formula."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

from fastapi.responses import Response

# Spreadsheets run a cell that begins with one of these, some the full-width ones too; a quote before it makes it text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_response(columns: Sequence[str], rows: Iterable[Mapping[str, object]], *, name: str) -> Response:
    """The rows' named columns as `name.csv`, UTF-8 with a mark that Excel needs for Chinese."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([safe_cell(row.get(column)) for column in columns] for row in rows)
    return Response(
        "\ufeff" + text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def safe_cell(value: object) -> object:
    """A cell's value; text that would run as a formula is quoted, lists are joined by spaces, None is empty."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    if isinstance(value, (list, tuple)):
        return safe_cell(" ".join(str(each) for each in value))
    return value
