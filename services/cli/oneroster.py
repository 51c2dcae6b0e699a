"""OneRoster 1.2 CSV zips (rosters) as the ledger's registers: schools, terms, staff, students.

https://www.imsglobal.org/spec/oneroster/v1p2: orgs.csv, academicSessions.csv, users.csv and roles.csv are read, and
classes.csv with enrollments.csv for each pupil's class. Names stay behind: a student is an id, a grade and a class.
"""

import csv
import difflib
import io
import zlib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import msgspec

Row = Mapping[str, str]
Record = dict[str, object]

# The columns of each file: those that must be there, and those that may.
_COLUMNS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "orgs.csv": (("sourcedId", "name", "type", "identifier"), ("status", "dateLastModified", "parentSourcedId")),
    "academicSessions.csv": (
        ("sourcedId", "title", "type", "startDate", "endDate"),
        ("status", "dateLastModified", "parentSourcedId", "schoolYear"),
    ),
    "users.csv": (
        ("sourcedId", "enabledUser", "username", "givenName", "familyName"),
        (
            "status", "dateLastModified", "userIds", "middleName", "identifier", "email", "sms", "phone", "agentSourcedIds",
            "grades", "password", "userMasterIdentifier", "preferredGivenName", "preferredMiddleName",
            "preferredFamilyName", "primaryOrgSourcedId", "pronouns",
        ),
    ),
    "roles.csv": (
        ("sourcedId", "userSourcedId", "roleType", "role", "orgSourcedId"),
        ("status", "dateLastModified", "beginDate", "endDate", "userProfileSourcedId"),
    ),
    "classes.csv": (
        ("sourcedId", "title", "classType", "schoolSourcedId"),
        (
            "status", "dateLastModified", "grades", "courseSourcedId", "classCode", "location", "termSourcedIds", "subjects",
            "subjectCodes", "periods",
        ),
    ),
    "enrollments.csv": (
        ("sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
        ("status", "dateLastModified", "primary", "beginDate", "endDate"),
    ),
}  # fmt: skip
_NEEDED = ("orgs.csv", "users.csv", "roles.csv")
_STAFF_ROLES = frozenset({"teacher", "administrator", "aide", "counselor", "principal", "proctor", "siteAdministrator"})
# Grades as the ledger counts them: the first year of primary school is 1.
_LAST_GRADE = 9
# No zip, a broken or locked one, one packed otherwise; no UTF-8; no CSV.
_NO_ROSTER = (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, csv.Error)
_LAST_PRIMARY_GRADE = 5
_SCHOOL_ID_DIGITS = 10
_AUTUMN_BEGINS = 7


class RosterInvalid(Exception):
    """A roster cannot be used; the message has a line for each thing that is wrong."""


def read_rosters(path: Path) -> list[tuple[str, bytes]]:
    """The registers of a zip as NDJSON, in the order in which they are posted. Raises RosterInvalid."""
    tables, wrong = _read_tables(path)
    if wrong:
        raise RosterInvalid("\n".join(wrong))
    schools, wrong = _schools(tables)
    terms = [_term(row, wrong) for row in tables.get("academicSessions.csv", ()) if row["type"] == "term"]
    people = {row["sourcedId"]: row for row in tables["users.csv"]}
    staff: list[Record] = []
    students: list[Record] = []
    class_of = _homeroom_of(tables)
    for row in tables["roles.csv"]:
        person, school_id = people.get(row["userSourcedId"]), schools.get(row["orgSourcedId"])
        if person is None or school_id is None or person["enabledUser"].lower() == "false":
            continue
        if row["role"] == "student":
            students.append(_student(person, school_id, class_of.get(person["sourcedId"]), wrong))
        elif row["role"] in _STAFF_ROLES:
            staff.append({"staff_id": _id_of(person), "school_id": school_id, "kind": "employee"})
    if wrong:
        raise RosterInvalid("\n".join(f"{path.name}: {line}" for line in wrong))
    named = {row["identifier"]: row["name"] for row in tables["orgs.csv"]}
    grades = {
        school_id: {each["grade"] for each in students if each["school_id"] == school_id}
        for school_id in schools.values()
    }
    records: dict[str, list[Record]] = {
        "schools": [
            {"school_id": school_id, "name": named[school_id], "stages": _stages(grades[school_id])}
            for school_id in dict.fromkeys(schools.values())
        ],
        "terms": terms,
        "staff": _each_once(staff, "staff_id"),
        "students": _each_once(students, "student_id"),
    }
    return [(name, _ndjson(each)) for name, each in records.items() if each]


def _read_tables(path: Path) -> tuple[dict[str, list[Row]], list[str]]:
    tables: dict[str, list[Row]] = {}
    wrong: list[str] = []
    try:
        with ZipFile(path) as archive:
            for member in archive.namelist():
                name = Path(member).name
                if name in _COLUMNS:
                    text = archive.read(member).decode("utf-8-sig")
                    tables[name] = list(_rows(path, name, text, wrong))
    except _NO_ROSTER as error:
        raise RosterInvalid(f"{path}: not a zip of UTF-8 CSV files ({error})") from error
    wrong += [f"{path.name}: {name} is missing" for name in _NEEDED if name not in tables]
    return tables, wrong


def _rows(path: Path, name: str, text: str, wrong: list[str]) -> Iterator[Row]:
    """The active rows of one file; what is wrong with its header goes to `wrong`."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [column.strip() for column in reader.fieldnames or () if column]
    required, optional = _COLUMNS[name]
    unknown = [column for column in columns if column and column not in required + optional]
    for column in unknown:
        near = difflib.get_close_matches(column, required + optional, n=1, cutoff=0.8)
        # A column that is like none of ours is somebody's own and may stay.
        if near:
            wrong.append(f"{path.name}: {name} has the column {column}; is {near[0]} meant? Spell it so.")
    for column in required:
        if column not in columns:
            near = difflib.get_close_matches(column, unknown, n=1, cutoff=0.0)
            hint = f" (the nearest there is {near[0]})" if near else ""
            wrong.append(f"{path.name}: {name} lacks the column {column}{hint}")
    if any(column not in columns for column in required):
        return
    for row in reader:
        cells = {
            column: (cell or "").strip()
            for column, cell in row.items()
            if isinstance(column, str) and not isinstance(cell, list)
        }
        if cells.get("status", "active").lower() != "tobedeleted" and any(cells.values()):
            yield cells


def _schools(tables: Mapping[str, list[Row]]) -> tuple[dict[str, str], list[str]]:
    """SourcedId → the school's ten-digit code."""
    schools, wrong = {}, []
    for row in tables["orgs.csv"]:
        if row["type"] != "school":
            continue
        if len(row["identifier"]) != _SCHOOL_ID_DIGITS or not _is_number(row["identifier"]):
            wrong.append(
                f"orgs.csv: {row['sourcedId']} ({row['name']}) has the identifier {row['identifier']!r}; "
                "the school's ten-digit code (学校标识码) is wanted there"
            )
        schools[row["sourcedId"]] = row["identifier"]
    if not schools:
        wrong.append("orgs.csv: no row has the type school")
    return schools, wrong


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _term(row: Row, wrong: list[str]) -> Record:
    try:
        year, month = (starts_on := date.fromisoformat(row["startDate"])).year, starts_on.month
    except ValueError:
        named = f"academicSessions.csv: {row['sourcedId']} has the startDate {row['startDate']!r}"
        wrong.append(f"{named}; a date like 2025-09-01 is wanted")
        return {}
    term_id = f"{year}-{year + 1}-1" if month >= _AUTUMN_BEGINS else f"{year - 1}-{year}-2"
    return {"term_id": term_id, "starts_on": row["startDate"], "ends_on": row["endDate"]}


def _homeroom_of(tables: Mapping[str, list[Row]]) -> dict[str, str]:
    homerooms = {
        row["sourcedId"]: row["title"] for row in tables.get("classes.csv", ()) if row["classType"] == "homeroom"
    }
    return {
        row["userSourcedId"]: homerooms[row["classSourcedId"]]
        for row in tables.get("enrollments.csv", ())
        if row["role"] == "student" and row["classSourcedId"] in homerooms
    }


def _student(person: Row, school_id: str, class_no: str | None, wrong: list[str]) -> Record:
    grade = person.get("grades", "").split(",")[0].strip().lstrip("0")
    if not _is_number(grade) or not 1 <= int(grade) <= _LAST_GRADE:
        wrong.append(f"users.csv: {person['sourcedId']} has the grades {person.get('grades', '')!r}; 1 to 9 is wanted")
        grade = "1"
    student: Record = {"student_id": _id_of(person), "school_id": school_id, "grade": int(grade)}
    return student if class_no is None else {**student, "class_no": class_no}


def _id_of(person: Row) -> str:
    """The district's own id where the roster has one."""
    return person.get("identifier") or person["sourcedId"]


def _stages(grades: set[object]) -> list[str]:
    years = {grade for grade in grades if isinstance(grade, int)}
    return [
        *(["primary"] if not years or min(years) <= _LAST_PRIMARY_GRADE else []),
        *(["junior"] if years and max(years) > _LAST_PRIMARY_GRADE else []),
    ]


def _each_once(records: list[Record], key: str) -> list[Record]:
    """Whoever has two roles is registered once."""
    return list({str(record[key]): record for record in records}.values())


def _ndjson(records: list[Record]) -> bytes:
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)
