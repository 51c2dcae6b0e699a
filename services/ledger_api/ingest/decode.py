"""Bytes to typed records: reads JSON, NDJSON and CSV, says every place that is wrong."""

import re
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from itertools import islice
from typing import Generic, Literal, TypeVar, overload

import msgspec
from msgspec import Struct

from services.ledger_api.ingest.tabular import read_header, read_table
from shared.faults import escaped, fault_from, faults_of
from shared.problems import FAULTS_COUNTED, Fault, Invalid, Refused

NDJSON = "application/x-ndjson"
JSON = "application/json"
CSV = "text/csv"
# NDJSON longer than this is decoded in slices of the other.
LONG_LINES_BYTES = 8 * 1024 * 1024
SLICE_BYTES = 512 * 1024
Shape = Literal["object", "array", "lines", "rows"]

Payload = TypeVar("Payload", bound=Struct)
Choose = Callable[[bytes], type[Payload]]


# Records are read and never put in: rolls of sheets are rolls of sheets and marks.
Kept_co = TypeVar("Kept_co", bound=Struct, covariant=True)


@dataclass(frozen=True)
class Rejected:
    """A record that was turned away: its place in the request, its text as sent, what was wrong."""

    place: int
    text: bytes
    faults: Sequence[Fault]


@dataclass(frozen=True)
class Decoded(Generic[Kept_co]):
    """The records of a request in their order, and where each was written.

    places: of each record, its place in the request; None when no record is missing. texts: as sent, in partial mode
    only. rows: of CSV, the rows of each place. rejected: in partial mode, what could not be read.
    """

    records: Sequence[Kept_co]
    shape: Shape
    places: Sequence[int] | None = None
    texts: Sequence[bytes] = ()
    rows: Sequence[Sequence[int]] = ()
    rejected: Sequence[Rejected] = field(default=())

    def place(self, index: int) -> int:
        """Where the record stands in the request, counted from 0."""
        return index if self.places is None else self.places[index]

    def pointer(self, index: int, *fields: str | int) -> str:
        """The JSON pointer of a record, or of a field in it; a single object is the root."""
        return _pointer(self.shape, self.rows, self.place(index), fields)

    def without(self, faults: Sequence[Fault]) -> "Decoded[Kept_co]":
        """The records that none of the faults is about; the others are among the rejected."""
        by_place: dict[int, list[Fault]] = {}
        for fault in faults:
            by_place.setdefault(self._place_of(fault.pointer), []).append(fault)
        kept = [index for index in range(len(self.records)) if self.place(index) not in by_place]
        dropped = [index for index in range(len(self.records)) if self.place(index) in by_place]
        return Decoded(
            records=[self.records[index] for index in kept],
            shape=self.shape,
            places=[self.place(index) for index in kept],
            texts=[self.texts[index] for index in kept],
            rows=self.rows,
            rejected=[
                *self.rejected,
                *(Rejected(self.place(index), self.texts[index], by_place[self.place(index)]) for index in dropped),
            ],
        )

    def _place_of(self, pointer: str) -> int:
        if self.shape == "object":
            return 0
        number = int(pointer.split("/")[1])
        if self.shape != "rows":
            return number
        return next(place for place, rows in enumerate(self.rows) if number in rows)


class Lines(Sequence[Kept_co]):
    """The records of a long NDJSON body, decoded slice by slice whenever they are gone through; never all at once."""

    def __init__(self, body: bytes, decoder: "msgspec.json.Decoder[Kept_co]") -> None:
        """Goes through them once. Raises what `decoder` raises when one of them cannot be read."""
        self._body = body
        self._decoder = decoder
        self._length = sum(1 for _ in self)

    def __iter__(self) -> Iterator[Kept_co]:
        view, start = memoryview(self._body), 0
        while start < len(view):
            end = self._body.find(b"\n", start + SLICE_BYTES) + 1 or len(view)
            yield from self._decoder.decode_lines(view[start:end])
            start = end

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Kept_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Kept_co]: ...
    def __getitem__(self, index: int | slice) -> Kept_co | Sequence[Kept_co]:
        if isinstance(index, slice):
            return list(self)[index]
        return next(islice(self, index, None))


def _pointer(shape: Shape, rows: Sequence[Sequence[int]], place: int, fields: Sequence[str | int]) -> str:
    if shape == "object":
        steps: Sequence[str | int] = fields
    elif shape == "rows":
        steps = _cell(rows[place], fields)
    else:
        steps = (place, *fields)
    return "".join(f"/{escaped(step)}" for step in steps)


def _cell(rows: Sequence[int], fields: Sequence[str | int]) -> Sequence[str | int]:
    """The row and column of a field; an element of a list of structs stands in a row of its own."""
    match fields:
        case ():
            return (rows[0],)
        case (str() as name, int() as element, str() as inner, *_):
            return (rows[min(element, len(rows) - 1)], f"{name}.{inner}")
        case _:
            return (rows[0], fields[0])


def decode(body: bytes, content_type: str, choose: Choose[Payload], *, partial: bool = False) -> Decoded[Payload]:
    """The records of a body. `choose`: the payload's type, told by the beginning of a record's bytes.

    `partial`: what cannot be read is among the rejected. Otherwise raises Invalid with every fault of every record;
    Refused when the body is not JSON or CSV at all.
    """
    # Some editors put a byte order mark before everything (RFC 8259 §8.1 lets it be ignored).
    body = body.removeprefix(BOM_UTF8)
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower() or JSON
    if media_type == CSV:
        charset = parameters.strip().removeprefix("charset=") if "charset=" in parameters else ""
        return _decode_rows(body, charset, choose, partial=partial)
    if media_type == NDJSON:
        shape: Shape = "lines"
    elif media_type == JSON:
        shape = "array" if _opens_array(body) else "object"
    else:
        raise Refused("unsupported_media_type", given=media_type, wanted=f"{JSON}, {NDJSON}, {CSV}")
    if partial:
        return _decode_one_by_one(body, shape, choose, partial=True)
    payload = choose(body)
    try:
        if shape == "lines":
            decoder = _decoder(payload)
            return Decoded(Lines(body, decoder) if len(body) > LONG_LINES_BYTES else decoder.decode_lines(body), shape)
        if shape == "array":
            return Decoded(_list_decoder(payload).decode(body), shape)
        return Decoded([_decoder(payload).decode(body)], shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        return _decode_one_by_one(body, shape, choose, partial=False)


_opens_array = re.compile(rb"[ \t\r\n]*\[").match


@lru_cache(maxsize=64)
def _decoder(payload: type[Payload]) -> "msgspec.json.Decoder[Payload]":
    return msgspec.json.Decoder(payload)


@lru_cache(maxsize=64)
def _list_decoder(payload: type[Payload]) -> "msgspec.json.Decoder[list[Payload]]":
    return msgspec.json.Decoder(list[payload])  # type: ignore[valid-type]


_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_plain = msgspec.json.Decoder(float_hook=Decimal)


def _decode_one_by_one(body: bytes, shape: Shape, choose: Choose[Payload], *, partial: bool) -> Decoded[Payload]:
    """The slow way, taken when something is wrong or may be: gathers every fault of every record."""
    texts: list[bytes] = []
    records: list[Payload] = []
    places: list[int] = []
    rejected: list[Rejected] = []
    malformed = False
    # Of a long body only what is wrong is gathered; what is right, all of it, is decoded after that.
    keeps = partial or len(body) <= LONG_LINES_BYTES
    for place, text in enumerate(_texts_of(body, shape)):

        def at(*steps: str | int, place: int = place) -> str:
            return _pointer(shape, (), place, steps)

        payload = choose(text)
        try:
            record = _decoder(payload).decode(text)
            # Where one is turned away and all are to land, none of the others will.
            if keeps and (partial or not rejected):
                records.append(record)
                places.append(place)
                texts.append(text if partial else b"")
        except msgspec.ValidationError as error:
            rejected.append(
                Rejected(place, text, _faults_in(text, payload, at) or [fault_from(str(error), "", at, ())])
            )
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
            if shape == "object":
                raise Refused("malformed_json", reason=str(error)) from error
            malformed = True
            rejected.append(Rejected(place, text, [Fault(at(), "malformed_json", {"reason": str(error)})]))
        if not partial and len(rejected) > FAULTS_COUNTED:
            break
    if rejected and not partial:
        raise Invalid([fault for each in rejected for fault in each.faults], status=400 if malformed else None)
    if not keeps:
        return Decoded([_decoder(choose(text)).decode(text) for text in _texts_of(body, shape)], shape)
    return Decoded(records, shape, places, texts, (), rejected)


def _texts_of(body: bytes, shape: Shape) -> Iterator[bytes]:
    """Each record's text. Raises Refused: invalid_utf8, malformed_json."""
    decoder = getincrementaldecoder("utf-8")()
    view = memoryview(body)
    try:
        for start in range(0, len(view), SLICE_BYTES):
            decoder.decode(view[start : start + SLICE_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Refused("invalid_utf8") from error
    if shape == "lines":
        for ended in BytesIO(body):
            yield from (line for line in ended.splitlines() if line.strip())
    elif shape == "object":
        yield body
    else:
        try:
            raws = _raw_list.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Refused("malformed_json", reason=str(error)) from error
        yield from map(bytes, raws)


def _decode_rows(body: bytes, charset: str, choose: Choose[Payload], *, partial: bool) -> Decoded[Payload]:
    columns, reader = read_header(body, charset)
    payload = choose(msgspec.json.encode(dict.fromkeys(columns)))
    table = read_table(columns, reader, payload)
    records: list[Payload] = []
    places: list[int] = []
    texts: list[bytes] = []
    rejected: list[Rejected] = []
    for place, plain in enumerate(table.records):

        def at(*steps: str | int, place: int = place) -> str:
            return _pointer("rows", table.rows, place, steps)

        text = msgspec.json.encode(plain) if partial else b""
        try:
            records.append(msgspec.convert(plain, payload, strict=False))
            places.append(place)
            texts.append(text)
        except (msgspec.ValidationError, ValueError):
            rejected.append(Rejected(place, text, faults_of(plain, payload, at, strict=False)))
        if not partial and len(rejected) > FAULTS_COUNTED:
            break
    if rejected and not partial:
        raise Invalid([fault for each in rejected for fault in each.faults])
    if not table.records:
        raise Refused("empty_body")
    return Decoded(records, "rows", places, texts, table.rows, rejected)


def _faults_in(text: bytes, payload: type[Struct], at: Callable[..., str]) -> list[Fault]:
    """Everything wrong with one record as it was written; nothing when it is nested too deep to be looked through."""
    try:
        return faults_of(_plain.decode(text), payload, at, strict=True)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return []
