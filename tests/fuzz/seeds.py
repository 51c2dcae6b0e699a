"""What the fuzzers begin with: for each decoder a few inputs that are right, so that they get past the first look."""

import gzip
import io
import zipfile
from collections.abc import Mapping, Sequence

import msgspec
import zstandard
from openpyxl import Workbook

from services.reporting.forms.codes import Bound, sealed
from shared.pagination import encode_cursor
from shared.tokens import issue
from tests.cli.test_push import ROSTER
from tests.fuzz.decoders import KEY, PART, RESOURCES, S1, SEAL
from tests.world.standard import MONDAY, session, sheet

_MARK = {"school_id": S1, "session_id": "h1", "service_date": MONDAY, "student_id": "P1", "status": "present"}
_CSV = (
    "school_id,session_id,service_date,slot,activity,category,headcount,staff.staff_id,staff.role,staff.class_hours\n"
    f'{S1},c1,{MONDAY},s1,"围棋, 初级",club,18,T1,lead,1.5\n,,,,,,,T2,assistant,1.25\n'
)


def _record(kind: type[msgspec.Struct]) -> bytes:
    """A record of a resource, each field with a value that its type takes or nearly so."""
    examples = {"StrType": "2025-09-08", "IntType": 1, "BoolType": True, "DateType": MONDAY, "DecimalType": 1.5}
    shown = {
        each.encode_name: S1
        if each.encode_name == "school_id"
        else next(
            (examples.get(type(one).__name__, []) for one in getattr(each.type, "types", (each.type,))),
            None,
        )
        for each in msgspec.inspect.type_info(kind).fields  # type: ignore[attr-defined]
    }
    return msgspec.json.encode(shown)


def _records() -> list[bytes]:
    count = len(RESOURCES)
    sessions, attendance = bytes([count]), bytes([count + 1])
    line = msgspec.json.encode(session())
    return [
        sessions + b"\0\0" + line,
        sessions + b"\0\1[" + line + b"," + line + b"]",
        sessions + b"\1\1" + line + b"\n{\n",
        sessions + b"\2\0" + _CSV.encode(),
        sessions + b"\3\1" + _CSV.encode("gbk"),
        attendance + b"\0\0" + msgspec.json.encode(sheet(present=["P1"], late=["P2"])),
        attendance + b"\1\1" + msgspec.json.encode(_MARK) + b"\n" + msgspec.json.encode({**_MARK, "status": "late"}),
        *(bytes([place, 0, 1]) + _record(each.payload) for place, each in enumerate(RESOURCES)),
    ]


def _workbook() -> bytes:
    book = Workbook()
    book.active.title = "sessions"  # type: ignore[union-attr]
    book.active.append(["课次 session_id", "日期 service_date", "headcount"])  # type: ignore[union-attr]
    book.active.append(["h1", MONDAY, 3.0])  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _parts(packed: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return PART.join(name.encode() + b"\n" + archive.read(name) for name in archive.namelist())


def seeds() -> Mapping[str, Sequence[bytes]]:
    """Decoder → inputs."""
    line = msgspec.json.encode(session())
    book = _workbook()
    pdf, png = b"%PDF-1.4\n%%EOF", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    return {
        "records": _records(),
        "packed": [b"\0\x07" + gzip.compress(line), b"\1\x07" + zstandard.compress(line), b"\0\xff" + gzip.compress(b"") * 2],
        "rosters": [PART.join(name.encode() + b"\n" + text.encode() for name, text in ROSTER.items())],
        "workbooks": [_parts(book), book],
        "tables": [b"\0" + _CSV.encode(), b"\0" + _CSV.encode("gbk"), b"\xff" + line + b"\n" + line],
        "cursors": [
            bytes([place]) + encode_cursor(key).encode()
            for place, key in enumerate((["a"], [7], ["a", "b"], ["a", MONDAY, "b"]))
        ] + [b"\0123"],
        "tokens": [issue(KEY, client_id="c", kind="school", schools=(S1,), stage=None).encode()],
        "sheet_codes": [sealed(b"k" * 32, Bound("workload", S1, "2025-09", 7, b"t" * 12)).encode()],
        "rules_configuration": [b"A05: {least_slots: 1, effective_from: 2025-09-01}\nF04: {share_percent: 80}\n"],
        "attachments": [b"a.csv".ljust(16) + "学校,课时\n1,2\n".encode(), b" " * 16 + pdf, b" " * 16 + png, b" " * 16 + book],
        "receivers": [b"https://example.org:8443/hook?a=1", b"http://[::1]:8080/", "https://学校.example/".encode()],
        "claims": [b'{"role":"s","schools":"3101150001,3101150002","name":"x"}', b'{"role":["c"],"stage":{"of":"junior"}}'],
        "preconditions": [b'W/"3.1"', b'"2"\n*', b"*"],
        "seals": [SEAL.close(b"whsec", bound_to="x")],
    }  # fmt: skip
