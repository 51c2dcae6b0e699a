"""Students: a pseudonymous id, a grade and a class; nothing else is asked for."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.check import Known, Pointer
from services.ledger_api.ingest.payload import Identifier, Label, Record, SchoolId
from services.ledger_api.ingest.resource import Resource
from shared.chain import PSEUDONYM
from shared.problems import Fault


class Student(Record, frozen=True):
    """One pupil of a school."""

    student_id: Identifier
    school_id: SchoolId
    grade: Annotated[int, Meta(ge=1, le=9)]
    class_no: Label | None = None
    enrolled_from: date | None = None
    enrolled_to: date | None = None
    special_needs: bool | None = None


def _faults(student: Student, _known: Known, at: Pointer) -> Iterable[Fault]:
    if student.student_id.startswith(PSEUDONYM):
        reason = f"{student.student_id} stands for a pupil whose identity was erased"
        yield Fault(at("student_id"), "invalid_value", {"reason": reason})


STUDENTS = Resource("students", Student, key=("student_id",), moves_roll=True, faults=_faults)

router = entry_router(STUDENTS, scope="registers.write")
