"""CSV to plain records: the header names the fields, a dotted column a field of a list's elements.

A cell that holds several values separates them by `;`. Elements of a list (`staff.staff_id`, `lines.amount_fen`) stand
one a row: rows that follow each other and differ in nothing else, or leave all else empty, are one record.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from msgspec import Struct

from shared.faults import nearest_of
from shared.problems import Fault, Invalid, Refused

# Spreadsheets in Chinese save GB 18030 unless told otherwise; a sender says so with `charset=`.
CHARSETS = {
    "": "utf-8-sig",
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
DELIMITERS = (",", "\t", ";")
WITHIN_CELL = ";"
_WHOLE_BODY_FIELD_LIMIT = 1024 * 1024


class Reader(Protocol):
    """What csv.reader gives."""

    @property
    def line_num(self) -> int:
        """How many lines were read."""

    def __iter__(self) -> Iterator[list[str]]:
        """The rows that are left."""

    def __next__(self) -> list[str]:
        """The next row."""


@dataclass(frozen=True)
class Table:
    """Plain records, and for each the numbers of the rows it came from, counted from 0 below the header."""

    columns: Sequence[str]
    records: list[dict[str, object]] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True)
class _Shape:
    """Which fields of a payload are lists of values, lists of structs (with their fields), or mappings."""

    plain: frozenset[str]
    lists: frozenset[str]
    nested: Mapping[str, "_Shape"]
    mappings: frozenset[str]

    def columns(self) -> list[str]:
        """Every column that the header may name."""
        return [
            *sorted(self.plain | self.lists | self.mappings),
            *(f"{name}.{column}" for name, shape in self.nested.items() for column in shape.columns()),
        ]


def read_header(body: bytes, charset: str) -> tuple[list[str], Reader]:
    """The columns, and the reader of what follows. A header cell may begin with words for people; its last word counts.

    Raises Refused: invalid_utf8, unsupported_media_type, malformed_csv, empty_body.
    """
    encoding = CHARSETS.get(charset.strip().strip('"').lower())
    if encoding is None:
        raise Refused("unsupported_media_type", given=f"charset={charset}", wanted="charset=utf-8, charset=gb18030")
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("invalid_utf8") from error
    first_line = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first_line.count)
    csv.field_size_limit(_WHOLE_BODY_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader)
    except StopIteration as error:
        # Nothing but a byte order mark.
        raise Refused("empty_body") from error
    except csv.Error as error:
        raise Refused("malformed_csv", line=1, reason=str(error)) from error
    return [(cell.split() or [""])[-1] for cell in header], reader


def read_table(columns: Sequence[str], reader: Reader, payload: type[Struct]) -> Table:
    """The rows as plain records of `payload`'s shape; cells are text still. Raises Invalid, Refused (malformed_csv)."""
    shape = _shape_of(payload)
    _check_header(columns, shape)
    table = Table(columns)
    before: tuple[str, ...] | None = None
    own = [place for place, column in enumerate(columns) if "." not in column]
    nested = [place for place, column in enumerate(columns) if "." in column]
    try:
        for number, cells in enumerate(reader):
            if not any(cells):
                continue
            if len(cells) > len(columns):
                raise Refused("malformed_csv", line=reader.line_num, reason="more cells than the header has columns")
            row = [*cells, *[""] * (len(columns) - len(cells))]
            itself = tuple(row[place].strip() for place in own)
            follows = bool(nested) and before is not None and (itself == before or not any(itself))
            if not follows:
                before = itself
                table.records.append(_own_fields(zip((columns[place] for place in own), itself, strict=True), shape))
                table.rows.append([])
            table.rows[-1].append(number)
            _add_elements(table.records[-1], ((columns[place], row[place].strip()) for place in nested), shape)
    except csv.Error as error:
        raise Refused("malformed_csv", line=reader.line_num, reason=str(error)) from error
    return table


def _check_header(columns: Sequence[str], shape: _Shape) -> None:
    known = shape.columns()
    faults = [
        Fault(f"/{column}", "unknown_field", {"field": column, "nearest": _nearest(column, known)})
        for column in columns
        if column not in known
    ]
    faults += [
        Fault(f"/{column}", "invalid_value", {"reason": f"the column {column} stands twice"})
        for place, column in enumerate(columns)
        if column in columns[:place]
    ]
    if faults:
        raise Invalid(faults)


def _own_fields(cells: Iterable[tuple[str, str]], shape: _Shape) -> dict[str, object]:
    record: dict[str, object] = {}
    for column, cell in cells:
        if cell == "":
            continue
        if column in shape.lists:
            record[column] = [part.strip() for part in cell.split(WITHIN_CELL) if part.strip()]
        elif column in shape.mappings:
            try:
                record[column] = msgspec.json.decode(cell)
            except msgspec.DecodeError:
                record[column] = cell
        else:
            record[column] = cell
    return record


def _add_elements(record: dict[str, object], cells: Iterable[tuple[str, str]], shape: _Shape) -> None:
    """One row's part of each list of structs; a row that leaves them all empty adds nothing."""
    elements: dict[str, list[tuple[str, str]]] = {}
    for column, cell in cells:
        name, _, inner = column.partition(".")
        elements.setdefault(name, []).append((inner, cell))
    for name, parts in elements.items():
        if any(cell for _inner, cell in parts):
            whole = record.setdefault(name, [])
            if isinstance(whole, list):
                whole.append(_own_fields(parts, shape.nested[name]))


def _shape_of(payload: type[Struct]) -> _Shape:
    info = msgspec.inspect.type_info(payload)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{payload} is no struct")
    return _shape_of_struct(info)


def _shape_of_struct(info: msgspec.inspect.StructType) -> _Shape:
    plain, lists, mappings, nested = set(), set(), set(), {}
    for each in info.fields:
        kinds = each.type.types if isinstance(each.type, msgspec.inspect.UnionType) else (each.type,)
        kind = next(kind for kind in kinds if not isinstance(kind, msgspec.inspect.NoneType))
        if isinstance(kind, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
            item = kind.item_type
            if isinstance(item, msgspec.inspect.StructType):
                nested[each.encode_name] = _shape_of_struct(item)
            else:
                lists.add(each.encode_name)
        elif isinstance(kind, msgspec.inspect.DictType | msgspec.inspect.StructType):
            mappings.add(each.encode_name)
        else:
            plain.add(each.encode_name)
    return _Shape(frozenset(plain), frozenset(lists), nested, frozenset(mappings))


def _nearest(name: str, known: Sequence[str]) -> str:
    """The known column most like a name; `staff_id` is nearer to `staff.staff_id` than to `state`."""
    inner = [column for column in known if column.rpartition(".")[2] == name]
    return inner[0] if inner else nearest_of(name, known)
