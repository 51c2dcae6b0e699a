"""Bytes to typed records: unpacks within a bound, reads JSON, arrays and NDJSON, says every place that is wrong."""

import difflib
import re
import zlib
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from shared.problems import Fault, Invalid, Refused

MIB = 1024 * 1024
BODY_LIMIT_BYTES = 64 * MIB

NDJSON = "application/x-ndjson"
JSON = "application/json"
Shape = Literal["object", "array", "lines"]

Payload = TypeVar("Payload", bound=Struct)


# Records are read and never put in: rolls of sheets are rolls of sheets and marks.
Kept_co = TypeVar("Kept_co", bound=Struct, covariant=True)


@dataclass(frozen=True)
class Decoded(Generic[Kept_co]):
    """The records of a request in their order, and how they were written."""

    records: Sequence[Kept_co]
    shape: Shape

    def pointer(self, index: int, *fields: str | int) -> str:
        """The JSON pointer of a record, or of a field in it; a single object is the root."""
        parts = fields if self.shape == "object" else (index, *fields)
        return "".join(f"/{part}" for part in parts)


async def read_body(chunks: AsyncIterable[bytes], encoding: str) -> bytes:
    """The whole body, unpacked; never holds more than BODY_LIMIT_BYTES.

    Raises Refused: body_too_large, truncated_body, unsupported_encoding, empty_body.
    """
    if encoding not in {"", "identity", "gzip"}:
        raise Refused("unsupported_encoding", given=encoding)
    unpack = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    parts: list[bytes] = []
    size = 0
    async for packed in chunks:
        chunk = packed
        if unpack is not None:
            try:
                chunk = unpack.decompress(packed, BODY_LIMIT_BYTES - size + 1)
            except zlib.error as error:
                raise Refused("truncated_body") from error
        size += len(chunk)
        if size > BODY_LIMIT_BYTES:
            raise Refused("body_too_large", limit_mib=BODY_LIMIT_BYTES // MIB)
        parts.append(chunk)
    if unpack is not None and not unpack.eof:
        raise Refused("truncated_body")
    body = b"".join(parts)
    if not body.strip():
        raise Refused("empty_body")
    return body


def decode(body: bytes, content_type: str, choose: Callable[[bytes], type[Payload]]) -> Decoded[Payload]:
    """The records of a body. `choose`: the payload's type, told by the beginning of a record's bytes.

    Raises Invalid with every fault of every record, or Refused when the body is not JSON at all.
    """
    media_type = content_type.partition(";")[0].strip().lower() or JSON
    if media_type == NDJSON:
        shape: Shape = "lines"
    elif media_type == JSON:
        shape = "array" if body.lstrip()[:1] == b"[" else "object"
    else:
        raise Refused("unsupported_media_type", given=media_type, wanted=f"{JSON}, {NDJSON}")
    payload = choose(body)
    try:
        if shape == "lines":
            return Decoded(_decoder(payload).decode_lines(body), shape)
        if shape == "array":
            return Decoded(_list_decoder(payload).decode(body), shape)
        return Decoded([_decoder(payload).decode(body)], shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        return _decode_one_by_one(body, shape, choose)


@lru_cache(maxsize=64)
def _decoder(payload: type[Payload]) -> "msgspec.json.Decoder[Payload]":
    return msgspec.json.Decoder(payload)


@lru_cache(maxsize=64)
def _list_decoder(payload: type[Payload]) -> "msgspec.json.Decoder[list[Payload]]":
    return msgspec.json.Decoder(list[payload])  # type: ignore[valid-type]


_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_plain = msgspec.json.Decoder(float_hook=Decimal)


def _decode_one_by_one(body: bytes, shape: Shape, choose: Callable[[bytes], type[Payload]]) -> Decoded[Payload]:
    """The slow way, taken when something is wrong: gathers every fault of every record."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("invalid_utf8") from error
    if shape == "lines":
        raws = [line for line in body.splitlines() if line.strip()]
    elif shape == "array":
        try:
            raws = [bytes(raw) for raw in _raw_list.decode(body)]
        except (msgspec.DecodeError, RecursionError) as error:
            raise Refused("malformed_json", reason=str(error)) from error
    else:
        raws = [body]
    decoded: Decoded[Payload] = Decoded([], shape)
    records: list[Payload] = []
    faults: list[Fault] = []
    malformed = False
    for index, raw in enumerate(raws):
        payload = choose(raw)
        try:
            records.append(_decoder(payload).decode(raw))
        except msgspec.ValidationError:
            faults.extend(_faults_of(_plain.decode(raw), payload, decoded.pointer(index)))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
            if shape == "object":
                raise Refused("malformed_json", reason=str(error)) from error
            malformed = True
            faults.append(Fault(decoded.pointer(index), "malformed_json", {"reason": str(error)}))
    if faults:
        raise Invalid(faults, status=400 if malformed else None)
    return Decoded(records, shape)


def _faults_of(value: object, payload: type[Struct], pointer: str) -> list[Fault]:
    """Everything wrong with one record: unknown and missing fields, and each field's own first fault."""
    if not isinstance(value, dict):
        return [Fault(pointer, "invalid_value", {"reason": f"expected an object, got {type(value).__name__}"})]
    fields = {field.encode_name: field for field in msgspec.structs.fields(payload)}
    faults = []
    for name in value.keys() - fields.keys():
        nearest = difflib.get_close_matches(str(name), fields, n=1, cutoff=0.0)
        faults.append(Fault(f"{pointer}/{_escaped(name)}", "unknown_field", {"field": name, "nearest": nearest[0]}))
    for name, field in fields.items():
        if name not in value:
            if field.required:
                faults.append(Fault(f"{pointer}/{name}", "missing_field", {"field": name}))
            continue
        try:
            msgspec.convert(value[name], field.type)
        except msgspec.ValidationError as error:
            faults.append(_fault_from(str(error), f"{pointer}/{name}"))
    return faults or [Fault(pointer, "invalid_value", {"reason": "the record cannot be read"})]


_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*?)`")
_MISSING_FIELD = re.compile(r"Object missing required field `(.*?)`")


def _fault_from(message: str, pointer: str) -> Fault:
    """Msgspec's sentence about a nested place as a fault with its pointer."""
    place = _PLACE.search(message)
    if place is not None:
        pointer += "".join(f"/{name or index}" for name, index in _STEP.findall(place[1]))
        message = message[: place.start()]
    for pattern, code in ((_UNKNOWN_FIELD, "unknown_field"), (_MISSING_FIELD, "missing_field")):
        named = pattern.search(message)
        if named is not None:
            return Fault(f"{pointer}/{named[1]}", code, {"field": named[1], "nearest": "—"})
    return Fault(pointer, "invalid_value", {"reason": message})


def _escaped(name: object) -> str:
    """A name as a step of a JSON pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")
