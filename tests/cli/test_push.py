"""`taizhang push`: what it reads, what it says, how it goes on after an interruption."""

import json
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import msgspec
import pytest
from openpyxl import Workbook, load_workbook

from services.cli.clients import create_client
from services.cli.oneroster import RosterInvalid
from services.cli.push import Journal, Landed, PushFailed, push_sources
from services.cli.sources import ROWS_AT_ONCE, SourceUnreadable, sources_of
from services.cli.template import FORMS, WORDS, UnknownForm, columns_of, write_template
from services.ledger_api.ingest.tabular import _shape_of
from taizhang.client import Receipt, SignedIn
from tests.world.standard import MONDAY, S1, TERM, session

Json = dict[str, Any]
ROSTERS = Path(__file__).parents[3] / "shared/samples/oneroster_v1p2"


@pytest.fixture
def signed_in(served: tuple[str, str]) -> SignedIn:
    """The information system of S1."""
    url, database_url = served
    client = create_client(database_url, kind="school", schools=[S1, "3101150077"])
    return SignedIn(url, client.client_id, client.client_secret)


def _get(served: tuple[str, str], signed_in: SignedIn, path: str) -> Json:
    body: Json = httpx.get(f"{served[0]}{path}", auth=signed_in, trust_env=False).raise_for_status().json()
    return body


def test_a_filled_in_form_is_pushed_as_it_is(served: tuple[str, str], signed_in: SignedIn, tmp_path: Path) -> None:
    form = tmp_path / "我校九月.xlsx"
    write_template("sessions", form)
    book = load_workbook(form)
    sheet = book["sessions"]
    fields = [cell.value.split()[-1] for cell in sheet[1]]
    rows: list[Json] = [
        {
            "school_id": S1, "session_id": "x1", "service_date": date(2025, 9, 8), "slot": "s1", "activity": "围棋",
            "category": "club", "headcount": 18.0, "starts_at": time(15, 30), "staff.staff_id": "T1", "staff.role": "lead",
            "staff.class_hours": 1.5,
        },
        {"staff.staff_id": "T2", "staff.role": "assistant", "staff.class_hours": "1.25"},
        {
            "school_id": S1, "session_id": "x2", "service_date": datetime(2025, 9, 9), "slot": "s2", "activity": "合唱",
            "category": "arts", "headcount": "24",
        },
    ]  # fmt: skip
    for row in rows:
        sheet.append([row.get(field) for field in fields])
    book.save(form)
    pushed = push_sources(served[0], signed_in, sources_of([form]))
    assert (pushed.received, pushed.created, pushed.by_resource) == (2, 2, {"sessions": 2})
    kept = _get(served, signed_in, f"/v1/sessions/{S1}/x1")
    assert (kept["headcount"], kept["service_date"], kept["starts_at"]) == (18, MONDAY, "15:30")
    assert [(each["staff_id"], each["class_hours"]) for each in kept["staff"]] == [("T1", 1.5), ("T2", 1.25)]


@pytest.mark.parametrize("resource", FORMS)
def test_a_form_has_every_field_with_words_and_codes(resource: str, tmp_path: Path) -> None:
    out = tmp_path / "form.xlsx"
    fields = write_template(resource, out)
    assert sorted(fields) == sorted(_shape_of(FORMS[resource]).columns())
    book = load_workbook(out)
    titles = [cell.value for cell in book[resource][1]]
    assert [title.split()[-1] for title in titles] == fields
    coded = [column for column in columns_of(FORMS[resource]) if column.codes]
    choices = {choice.formula1 for choice in book[resource].data_validations.dataValidation}
    assert choices == {f'"{",".join(column.codes)}"' for column in coded}
    assert book["说明"].max_row > len(fields)


def test_every_word_of_a_form_is_used() -> None:
    parts = {part for payload in FORMS.values() for column in columns_of(payload) for part in column.field.split(".")}
    assert parts == WORDS.keys()


def test_a_form_nobody_knows_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownForm, match="sessions"):
        write_template("moods", tmp_path / "x.xlsx")


def test_a_workbook_with_a_sheet_a_resource_is_pushed_in_order(
    served: tuple[str, str], signed_in: SignedIn, tmp_path: Path
) -> None:
    book = Workbook()
    book.active.title = "students"  # type: ignore[union-attr]
    book["students"].append(["school_id", "student_id", "grade"])
    book["students"].append([S1, "P901", 3])
    rooms = book.create_sheet("rooms")
    rooms.append(["school_id", "room", "capacity"])
    rooms.append([S1, "操场", 400])
    book.create_sheet("封面").append(["本校"])
    book.save(tmp_path / "all.xlsx")
    sources = sources_of([tmp_path])
    assert [source.resource for source in sources] == ["rooms", "students"]
    assert push_sources(served[0], signed_in, sources).created == 2


def test_a_long_csv_goes_in_parts_and_no_record_is_cut(
    served: tuple[str, str], signed_in: SignedIn, tmp_path: Path
) -> None:
    header = "school_id,session_id,service_date,slot,activity,category,headcount,staff.staff_id,staff.role,staff.class_hours\n"
    count = ROWS_AT_ONCE // 2 + 100
    body = "".join(
        f'{S1},L{n},{MONDAY},s1,"棋, 第{n}组",club,9,T1,lead,0.25\n,,,,,,,T2,assistant,0.5\n' for n in range(count)
    )
    path = tmp_path / "10-sessions-2025-09.csv"
    path.write_bytes((header + body).encode("gb18030"))
    landed: list[Landed] = []
    pushed = push_sources(served[0], signed_in, sources_of([path]), told=landed.append)
    assert (pushed.received, pushed.created, len(landed)) == (count, count, 2)
    last = _get(served, signed_in, f"/v1/sessions/{S1}/L{count - 1}")
    assert (last["activity"], len(last["staff"])) == (f"棋, 第{count - 1}组", 2)


def test_a_refusal_names_the_line_of_the_file(served: tuple[str, str], signed_in: SignedIn, tmp_path: Path) -> None:
    lines = tmp_path / "sessions.ndjson"
    lines.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in (session("a"), session("b", slot="s9"))))
    with pytest.raises(PushFailed, match=r"sessions.ndjson line 2 slot: The slot s9"):
        push_sources(served[0], signed_in, sources_of([lines]))
    rows = tmp_path / "students.csv"
    rows.write_text(f"school_id,student_id,grade\n{S1},P900,3\n{S1},P901,30\n")
    with pytest.raises(PushFailed, match=r"students\.csv line 3 grade"):
        push_sources(served[0], signed_in, sources_of([rows]))


def test_in_partial_mode_what_is_good_lands_and_the_rest_is_named(
    served: tuple[str, str], signed_in: SignedIn, tmp_path: Path
) -> None:
    path = tmp_path / "sessions.ndjson"
    records = (session("a"), session("b", slot="s9"), session("c"))
    path.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in records))
    errors: list[str] = []
    pushed = push_sources(
        served[0], signed_in, sources_of([path]), mode="partial", told=lambda landed: errors.extend(landed.errors())
    )
    assert (pushed.received, pushed.created, pushed.rejected) == (3, 2, 1)
    assert [error.split(":")[0] for error in errors] == ["sessions.ndjson line 2 slot"]


def test_an_interrupted_push_goes_on_where_it_was(
    served: tuple[str, str], signed_in: SignedIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.sources.CHUNK_BYTES", 4000)
    path = tmp_path / "sessions.ndjson"
    path.write_bytes(b"".join(msgspec.json.encode(session(f"r{n}")) + b"\n" for n in range(120)))
    kept = tmp_path / "push.json"

    class PowerCut(Exception):
        pass

    seen: list[Landed] = []

    def fail_after(count: int) -> Callable[[Landed], None]:
        def told(landed: Landed) -> None:
            seen.append(landed)
            if len(seen) == count:
                raise PowerCut

        return told

    sources = sources_of([path])
    with pytest.raises(PowerCut):
        push_sources(served[0], signed_in, sources, told=fail_after(3), journal=Journal(kept, served[0]), at_once=1)
    # The third chunk had landed but nobody had noted it: it is sent again, and is unchanged.
    assert Journal(kept, served[0]).done(sources[0]) == 2
    rest = push_sources(served[0], signed_in, sources_of([path]), journal=Journal(kept, served[0]))
    assert rest.received < 120
    assert rest.created + rest.unchanged == rest.received
    assert not kept.exists()
    again = push_sources(served[0], signed_in, sources_of([path]), journal=Journal(kept, served[0]))
    assert (again.received, again.unchanged) == (120, 120)


def test_a_file_that_changed_since_is_sent_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "sessions.ndjson"
    path.write_text("{}\n")
    journal = Journal(tmp_path / "push.json", "http://x")
    (source,) = sources_of([path])
    counts = dict.fromkeys(("received", "created", "revised", "unchanged", "rejected"), 0)
    said = {"batch_id": "b1", "errors": [], "chains": [], "recorded_at": "2025-10-13T08:00:00+00:00", **counts}
    journal.note(Landed(source, next(source.chunks()), Receipt.read(said)))
    assert Journal(tmp_path / "push.json", "http://x").done(sources_of([path])[0]) == 1
    assert Journal(tmp_path / "push.json", "http://y").done(sources_of([path])[0]) == 0
    path.write_text("{} \n")
    assert journal.done(sources_of([path])[0]) == 0


def test_a_file_whose_name_says_nothing_is_asked_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "table1.csv"
    path.write_text("school_id\n")
    with pytest.raises(SourceUnreadable, match="--resource"):
        sources_of([path])
    assert sources_of([path], resource="rooms")[0].resource == "rooms"
    with pytest.raises(SourceUnreadable, match="not there"):
        sources_of([tmp_path / "nowhere"])
    (tmp_path / "a.pdf").write_text("")
    with pytest.raises(SourceUnreadable, match="endings"):
        sources_of([tmp_path / "a.pdf"])


ROSTER = {
    "orgs.csv": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
    "o1,active,,九年一贯学校,school,3101150077,\no2,active,,语文组,department,x,o1\n",
    "academicSessions.csv": "sourcedId,title,type,startDate,endDate\na1,Autumn,term,2025-09-01,2026-01-30\n"
    "a2,Spring,term,2026-03-02,2026-06-30\na3,Year,schoolYear,2025-09-01,2026-06-30\n",
    "users.csv": "sourcedId,status,enabledUser,username,givenName,familyName,identifier,grades\n"
    "u1,active,true,w,伟,王,N1,\nu2,active,true,l,丽,李,,03\nu3,active,true,z,子,赵,P777,08\n"
    "u4,tobedeleted,true,x,x,x,P778,08\nu5,active,false,y,y,y,P779,07\n",
    "roles.csv": "sourcedId,userSourcedId,roleType,role,orgSourcedId\nr1,u1,primary,teacher,o1\nr2,u2,primary,student,o1\n"
    "r3,u3,primary,student,o1\nr4,u4,primary,student,o1\nr5,u5,primary,student,o1\nr6,u1,secondary,administrator,o1\n",
    "classes.csv": "sourcedId,title,classType,schoolSourcedId\nc1,三(2)班,homeroom,o1\nc2,数学,scheduled,o1\n",
    "enrollments.csv": "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\ne1,c1,o1,u2,student\ne2,c2,o1,u3,student\n",
}


def _zip(path: Path, files: dict[str, str]) -> Path:
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_oneroster_zip_becomes_the_registers(served: tuple[str, str], signed_in: SignedIn, tmp_path: Path) -> None:
    sources = sources_of([_zip(tmp_path / "roster.zip", ROSTER)])
    records = {
        source.resource: [json.loads(line) for line in (source.content or b"").splitlines()] for source in sources
    }
    assert records == {
        "schools": [{"school_id": "3101150077", "name": "九年一贯学校", "stages": ["primary", "junior"]}],
        "terms": [
            {"term_id": "2025-2026-1", "starts_on": "2025-09-01", "ends_on": "2026-01-30"},
            {"term_id": "2025-2026-2", "starts_on": "2026-03-02", "ends_on": "2026-06-30"},
        ],
        "staff": [{"staff_id": "N1", "school_id": "3101150077", "kind": "employee"}],
        "students": [
            {"student_id": "u2", "school_id": "3101150077", "grade": 3, "class_no": "三(2)班"},
            {"student_id": "P777", "school_id": "3101150077", "grade": 8},
        ],
    }
    pushed = push_sources(served[0], signed_in, sources)
    assert pushed.created == pushed.received - 1, "all but the term that is there already"
    assert TERM == "2025-2026-1"


BAD_ROSTERS = {
    "a misspelt column": ({"users.csv": ROSTER["users.csv"].replace("familyName", "famlyName")}, "familyName"),
    "a column that is not there": (
        {"roles.csv": ROSTER["roles.csv"].replace("orgSourcedId", "x")},
        "lacks the column orgSourcedId",
    ),
    "a school without its code": ({"orgs.csv": ROSTER["orgs.csv"].replace("3101150077", "77")}, "学校标识码"),
    "a grade that is none": ({"users.csv": ROSTER["users.csv"].replace(",03", ",KG")}, "u2"),
    "no school": ({"orgs.csv": ROSTER["orgs.csv"].replace(",school,", ",district,")}, "type school"),
}


@pytest.mark.parametrize("what", BAD_ROSTERS)
def test_a_roster_that_cannot_be_used_says_why(what: str, tmp_path: Path) -> None:
    changed, said = BAD_ROSTERS[what]
    with pytest.raises(RosterInvalid, match=said):
        sources_of([_zip(tmp_path / "r.zip", ROSTER | changed)])


def test_a_roster_without_a_file_or_no_zip_at_all_says_so(tmp_path: Path) -> None:
    with pytest.raises(RosterInvalid, match=r"roles.csv is missing"):
        sources_of([_zip(tmp_path / "r.zip", {name: text for name, text in ROSTER.items() if name != "roles.csv"})])
    (tmp_path / "no.zip").write_text("PK?")
    with pytest.raises(RosterInvalid, match="not a zip"):
        sources_of([tmp_path / "no.zip"])


@pytest.mark.skipif(not ROSTERS.is_dir(), reason="The OneRoster samples do not lie beside the project.")
def test_the_misspelt_headers_of_a_real_file_are_named_with_their_cure(tmp_path: Path) -> None:
    files = {path.name: path.read_text("utf-8") for path in ROSTERS.glob("*.csv")}
    with pytest.raises(RosterInvalid) as refused:
        sources_of([_zip(tmp_path / "sample.zip", files)])
    said = str(refused.value)
    for wrong, right in (("dataLastModified", "dateLastModified"), ("prefferedGivenName", "preferredGivenName")):
        assert f"the column {wrong}; is {right} meant?" in said
