"""Attachments: papers by the digest of their bytes, seen by whom they concern, and noticed when somebody edits them."""

import io
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from tests.world.district import District, Voice
from tests.world.standard import S1, S2

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"\0" * 100 + b"\xff\xd9"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n"
MIB = 1024 * 1024


def _packed(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, "<x/>")
    return packed.getvalue()


def _workbook() -> bytes:
    book, kept = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["姓名", "课时"])
    book.save(kept)
    return kept.getvalue()


DOCX = _packed("[Content_Types].xml", "word/document.xml")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def upload(voice: Voice, content: bytes, *, expect: int = 200, **parameters: str) -> dict[str, Any]:
    """Send one file as the body."""
    answer = await voice.send("POST", "/v1/attachments", content=content, params=parameters)
    assert answer.status_code == expect, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _file(district: District, digest: str) -> Path:
    return district.papers / digest[:2] / digest


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("审议.pdf", PDF, "application/pdf"),
        ("公示.png", PNG, "image/png"),
        ("公示.jpg", JPEG, "image/jpeg"),
        ("安排表.xlsx", _workbook(), EXCEL),
        ("纪要.docx", DOCX, WORD),
        ("名单.csv", "姓名,课时\r\n张三,1.5\r\n".encode(), "text/csv"),
        ("名单.csv", "姓名,课时\r\n李四,2.5\r\n".encode("gb18030"), "text/csv"),
        ("说明.txt", "第二时段\u3000未开课".encode(), "text/plain"),
        # The name and what the sender says of it decide nothing.
        ("公示.exe", PNG + b"\n", "image/png"),
    ],
)
async def test_a_paper_comes_back_as_it_was_sent_with_the_type_of_its_content(
    school: District, name: str, content: bytes, media_type: str
) -> None:
    voice, digest = school.school(S1), sha256(content).hexdigest()
    kept = await upload(voice, content, name=name)
    assert (kept["sha256"], kept["size"], kept["media_type"], kept["created"]) == (digest, len(content), media_type, 1)
    answer = await voice.send("GET", f"/v1/attachments/{digest}")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%")
    assert answer.headers["etag"] == f'"{digest}"'
    again = await voice.send("GET", f"/v1/attachments/{digest}", headers={"If-None-Match": f'"{digest}"'})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("a program", b"MZ" + b"\0" * 200),
        ("a page", b"<html><script>alert(1)</script></html>"),
        ("a picture that is a program", b"\n <svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("a packed archive", _packed("a.txt")),
        ("an office file with macros", _packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")),
        ("text with control characters", b"abc\x07\x00"),
        ("text in no encoding", b"\xff\xfe\xff abc \x80"),
    ],
)
async def test_what_is_no_paper_is_not_kept_whatever_it_is_called(school: District, what: str, content: bytes) -> None:
    problem = await upload(school.school(S1), content, name="审议.pdf", expect=415)
    assert problem["code"] == "unsupported_media_type", what
    assert [path for path in school.papers.rglob("*") if path.is_file()] == []


async def test_a_form_brings_the_same_paper_and_the_same_again_is_unchanged(school: District) -> None:
    voice = school.school(S1, S2)
    form: dict[str, Any] = {"data": {"school_id": S2}, "files": {"file": ("C:\\纪要\\审议.pdf", PDF, "text/html")}}
    answer = await voice.send("POST", "/v1/attachments", **form)
    first = answer.json()
    assert (first["created"], first["name"], first["school_id"], first["media_type"]) == (
        1, "审议.pdf", S2, "application/pdf",
    )  # fmt: skip
    again = await upload(voice, PDF, school_id=S2, name="另一个名字.pdf")
    assert (again["unchanged"], again["name"], again["chains"]) == (1, "审议.pdf", first["chains"])
    other = await upload(voice, PDF, school_id=S1)
    assert (other["created"], other["school_id"]) == (1, S1)
    listed = await voice.get("/v1/attachments", limit="1")
    assert [(item["school_id"], item["size"]) for item in listed["items"]] == [(S1, len(PDF))]
    rest = await voice.get("/v1/attachments", cursor=listed["next_cursor"])
    assert [item["school_id"] for item in rest["items"]] == [S2]


async def test_its_digest_size_and_type_are_a_fact_in_the_chain(school: District) -> None:
    kept = await upload(school.school(S1), PDF)
    chain = await school.school(S1).get(f"/v1/chains/{S1}")
    assert kept["chains"] == [{"school_id": S1, "seq": chain["length"], "head": chain["head"]}]
    (fact,) = await school.fetch("select content::text from ledger.entry where resource = 'attachments'")
    assert f'"sha256": "{kept["sha256"]}"' in fact["content"]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"files": {"paper": ("a.pdf", PDF)}}, "file"),
        ({"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, ""),
        ({"content": PDF, "headers": {"Content-Type": "multipart/form-data"}}, ""),
    ],
)
async def test_a_form_that_cannot_be_read_says_so(school: District, form: dict[str, Any], reason: str) -> None:
    answer = await school.school(S1).send("POST", "/v1/attachments", **form)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form"), answer.text
    assert reason in answer.json()["detail"]


async def test_nothing_is_no_paper_and_too_much_is_none_either(school: District) -> None:
    voice = school.school(S1)
    assert (await upload(voice, b"", expect=400))["code"] == "empty_body"
    assert (await upload(voice, bytes(64 * MIB + 1), expect=413))["code"] == "body_too_large"
    large: dict[str, Any] = {"files": {"file": ("a.pdf", bytes(64 * MIB + 1))}}
    answer = await voice.send("POST", "/v1/attachments", **large)
    assert answer.json()["code"] == "body_too_large"
    assert await school.fetch("select from ledger.entry where resource = 'attachments'") == []


async def test_who_may_read_a_schools_paper_is_who_may_see_the_school(school: District) -> None:
    path = f"/v1/attachments/{(await upload(school.school(S1), PDF))['sha256']}"
    for reader in (school.school(S1), school.voice("centre", stage="primary"), school.bureau, school.auditor):
        assert (await reader.send("GET", path)).status_code == 200
    for stranger in (school.school(S2), school.voice("centre", stage="junior"), school.voice("sandbox")):
        await stranger.get(path, expect=404)
        assert (await stranger.get("/v1/attachments"))["items"] == []


async def test_an_offices_paper_is_seen_by_no_school(school: District) -> None:
    centre = school.voice("centre", stage="primary")
    assert (await upload(centre, PDF))["school_id"] == "centre-primary"
    assert (await upload(school.bureau, PNG))["school_id"] == "bureau"
    of_centre, of_bureau = (f"/v1/attachments/{sha256(each).hexdigest()}" for each in (PDF, PNG))
    for path, readers, strangers in (
        (of_centre, [centre, school.bureau], [school.school(S1), school.voice("centre", stage="junior")]),
        (of_bureau, [school.bureau, school.auditor], [school.school(S1), centre]),
    ):
        assert [(await reader.send("GET", path)).status_code for reader in readers] == [200, 200]
        assert [(await stranger.send("GET", path)).status_code for stranger in strangers] == [404, 404]
    told = await upload(centre, PDF, school_id=S1)
    assert (told["created"], told["school_id"]) == (1, S1)
    assert (await school.school(S1).send("GET", of_centre)).content == PDF


async def test_nobody_uploads_for_another(school: District) -> None:
    problem = await upload(school.school(S1), PDF, school_id=S2, expect=404)
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("unknown_school", "/school_id")
    await upload(school.school(S1), PDF, school_id="bureau", expect=404)
    await upload(school.voice("centre", stage="primary"), PDF, school_id=S2, expect=404)
    await upload(school.bureau, PDF, school_id="3101159999", expect=422)
    assert (await upload(school.school(S1, S2), PDF, expect=422))["code"] == "missing_field"
    assert (await upload(school.auditor, PDF, expect=403))["code"] == "missing_scope"
    assert await school.fetch("select from ledger.entry where resource = 'attachments'") == []


@pytest.mark.parametrize("edited", [PDF.replace(b"1.4", b"1.5"), PDF + b"x", b"", None])
async def test_a_file_that_was_edited_or_taken_away_is_not_given_out(school: District, edited: bytes | None) -> None:
    digest = (await upload(school.school(S1), PDF))["sha256"]
    if edited is None:
        _file(school, digest).unlink()
    else:
        _file(school, digest).write_bytes(edited)
    problem = await school.school(S1).get(f"/v1/attachments/{digest}", expect=500)
    assert problem["code"] == "attachment_damaged"
    # Whoever has it still can bring it back.
    assert (await upload(school.school(S1), PDF))["unchanged"] == 1
    assert (await school.school(S1).send("GET", f"/v1/attachments/{digest}")).content == PDF


async def test_a_document_names_a_paper_that_is_there_or_one_that_is_kept_elsewhere(school: District) -> None:
    own, digest = school.school(S1), sha256(PDF).hexdigest()
    deliberation = {
        "school_id": S1,
        "deliberation_id": "d1",
        "held_on": "2025-09-08",
        "decision": "approved",
        "topic": "绩效",
        "participants": ["T1"],
    }
    named = {**deliberation, "attachments": ["沪教办〔2025〕12号", digest]}
    problem = await own.post("deliberations", named, expect=422)
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [
        ("unknown_attachment", "/0/attachments/1")
    ]
    # Another's paper is as good as none.
    await upload(school.school(S2), PDF)
    await own.post("deliberations", named, expect=422)
    await own.post("deliberations", {**named, "attachments": [f"urn:sha256:{digest}", "https://oa.example/1"]})
    await upload(own, PDF)
    assert (await own.post("deliberations", named))["revised"] == 1


async def test_a_store_that_does_not_answer_is_said_so(school: District) -> None:
    digest = (await upload(school.school(S1), PDF))["sha256"]
    path = _file(school, digest)
    path.unlink()
    # In the place of the folder that the next file needs stands a file.
    path.parent.rmdir()
    path.parent.write_text("")
    answer: httpx.Response = await school.school(S1).send("POST", "/v1/attachments", content=PDF)
    assert (answer.status_code, answer.json()["code"]) == (503, "attachments_unavailable")
    assert answer.headers["retry-after"]
