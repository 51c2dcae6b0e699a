"""What is wrong with a record that cannot be read as its type: every place, by a JSON pointer. Pure."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable

import msgspec
from msgspec import Struct

from shared.problems import Fault


def faults_of(value: object, payload: type[Struct], at: Callable[..., str], *, strict: bool) -> list[Fault]:
    """Everything wrong with one record: unknown and missing fields, and each field's own first fault."""
    if not isinstance(value, dict):
        return [Fault(at(), "invalid_value", {"reason": f"expected an object, got {type(value).__name__}"})]
    fields = {each.encode_name: each for each in msgspec.structs.fields(payload)}
    faults = [
        Fault(at(str(name)), "unknown_field", {"field": name, "nearest": nearest_of(str(name), fields)})
        for name in value.keys() - fields.keys()
    ]
    for name, each in fields.items():
        if name not in value:
            if each.required:
                faults.append(Fault(at(name), "missing_field", {"field": name}))
            continue
        try:
            msgspec.convert(value[name], each.type, strict=strict)
        except (msgspec.ValidationError, ValueError) as error:
            faults.append(fault_from(str(error), name, at, _names_within(each.type)))
    return faults or [Fault(at(), "invalid_value", {"reason": "the record cannot be read"})]


_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*?)`")
_MISSING_FIELD = re.compile(r"Object missing required field `(.*?)`")


def fault_from(message: str, name: str, at: Callable[..., str], names_within: Collection[str]) -> Fault:
    """Msgspec's sentence about a nested place as a fault with its pointer."""
    steps: list[str | int] = [name] if name else []
    place = _PLACE.search(message)
    if place is not None:
        steps += [inner or int(index) for inner, index in _STEP.findall(place[1])]
        message = message[: place.start()]
    for pattern, code in ((_UNKNOWN_FIELD, "unknown_field"), (_MISSING_FIELD, "missing_field")):
        named = pattern.search(message)
        if named is not None:
            nearest = nearest_of(named[1], names_within) if names_within else "—"
            return Fault(at(*steps, named[1]), code, {"field": named[1], "nearest": nearest})
    return Fault(at(*steps), "invalid_value", {"reason": message})


def _names_within(kind: object) -> list[str]:
    """The field names of the structs inside a type, for the nearest known one."""
    info = msgspec.inspect.type_info(kind)
    inner = [info, getattr(info, "item_type", None), *getattr(info, "types", ())]
    structs = [each for each in inner if isinstance(each, msgspec.inspect.StructType)]
    return [each.encode_name for struct in structs for each in struct.fields]


def nearest_of(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`."""
    return difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)[0]


def escaped(step: object) -> str:
    """A name as a step of a JSON pointer (RFC 6901)."""
    return str(step).replace("~", "~0").replace("/", "~1")
