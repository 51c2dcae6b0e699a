"""What we are measured against: the store's own limit (one binary COPY, a row a mark) and the usual way (an ORM)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from multiprocessing import get_context
from time import sleep

import httpx
import msgspec
import psycopg
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine

from services.cli.bench.district_day import SchoolDay
from services.cli.processes import ServiceEnded

_COLUMNS = "school_id, service_date, session_id, student_id, status"
_TABLES = """
create schema bench;
create table bench.mark (
    school_id text not null,
    service_date date not null,
    session_id text not null,
    student_id text not null,
    status text not null,
    primary key (school_id, service_date, session_id, student_id)
) partition by range (service_date);
create table bench.mark_2025 partition of bench.mark for values from ('2025-09-01') to ('2026-09-01');
create table bench.naive_mark (
    id bigint generated always as identity primary key,
    school_id text not null,
    service_date date not null,
    session_id text not null,
    student_id text not null,
    status text not null
);
create table bench.naive_session (
    id bigint generated always as identity primary key,
    school_id text not null,
    service_date date not null,
    session_id text not null,
    slot text not null,
    activity text not null,
    category text not null,
    room text not null,
    headcount integer not null
);
create table bench.naive_work (
    id bigint generated always as identity primary key,
    session_id bigint not null references bench.naive_session (id),
    staff_id text not null,
    role text not null,
    class_hours numeric not null
);
create table bench.bare (id bigint generated always as identity primary key, said text not null);
grant usage on schema bench to taizhang_ledger;
grant insert on bench.bare to taizhang_ledger;
"""


def make_tables(database_url: str) -> None:
    """The references' own schema."""
    with psycopg.connect(database_url) as connection:
        connection.execute(_TABLES)


def binary_rows(database_url: str, days: list[SchoolDay]) -> bytes:
    """The district-day's marks as PostgreSQL's own binary COPY stream, made beforehand."""
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("create temporary table staged (like bench.mark) on commit drop")
        with cursor.copy(f"copy staged ({_COLUMNS}) from stdin") as copy:
            for day in days:
                for line in day.flat.splitlines():
                    mark = msgspec.json.decode(line)
                    copy.write_row([mark[column] for column in _COLUMNS.split(", ")])
        stream = bytearray()
        with cursor.copy(f"copy (select {_COLUMNS} from staged) to stdout (format binary)") as out:
            for block in out:
                stream += block
        connection.rollback()
    return bytes(stream)


def copy_rows(database_url: str, stream: bytes) -> None:
    """The limit: one stream, one transaction, durable."""
    block = 1 << 20
    with (
        psycopg.connect(database_url) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"copy bench.mark ({_COLUMNS}) from stdin (format binary)") as copy,
    ):
        for start in range(0, len(stream), block):
            copy.write(stream[start : start + block])


class MarkIn(SQLModel):
    """A mark as it is sent."""

    school_id: str
    session_id: str
    service_date: date
    student_id: str
    status: str


class NaiveMark(MarkIn, table=True):
    """A row a mark, no checks, as a first version of such a service has it."""

    __tablename__ = "naive_mark"
    __table_args__ = {"schema": "bench"}

    id: int | None = Field(default=None, primary_key=True)


class WorkIn(SQLModel):
    """Who worked in a session, as it is sent."""

    staff_id: str
    role: str
    class_hours: Decimal


class SessionIn(SQLModel):
    """A session as it is sent."""

    school_id: str
    session_id: str
    service_date: date
    slot: str
    activity: str
    category: str
    room: str
    headcount: int


class SessionWithStaff(SessionIn):
    """A session with its staff, as it is sent."""

    staff: list[WorkIn]


class NaiveWork(WorkIn, table=True):
    """A row a person and session."""

    __tablename__ = "naive_work"
    __table_args__ = {"schema": "bench"}

    id: int | None = Field(default=None, primary_key=True)
    session_id: int | None = Field(default=None, foreign_key="bench.naive_session.id")


class NaiveSession(SessionIn, table=True):
    """A row a session."""

    __tablename__ = "naive_session"
    __table_args__ = {"schema": "bench"}

    id: int | None = Field(default=None, primary_key=True)
    staff: list[NaiveWork] = Relationship()


def naive_app(engine: Engine) -> FastAPI:
    """FastAPI and SQLModel as their tutorials have it: one `session.add` a record."""
    app = FastAPI()

    @app.post("/sessions")
    def post_sessions(sessions: list[SessionWithStaff]) -> int:
        with Session(engine) as session:
            for each in sessions:
                row = NaiveSession.model_validate(each.model_dump(exclude={"staff"}))
                row.staff = [NaiveWork.model_validate(member) for member in each.staff]
                session.add(row)
            session.commit()
        return len(sessions)

    @app.post("/attendance")
    def post_marks(marks: list[MarkIn]) -> int:
        with Session(engine) as session:
            for mark in marks:
                session.add(NaiveMark.model_validate(mark))
            session.commit()
        return len(marks)

    return app


@contextmanager
def naive_service(database_url: str, port: int) -> Iterator[str]:
    """The naive service in a process of its own; yields where it answers."""
    process = get_context("spawn").Process(target=_serve_naive, args=(database_url, port), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{port}"
    while not _answers(url):
        if not process.is_alive():
            raise ServiceEnded("the naive reference did not start")
        sleep(0.05)
    yield url
    process.terminate()
    process.join()


def _serve_naive(database_url: str, port: int) -> None:
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    uvicorn.run(naive_app(engine), port=port, log_level="warning", access_log=False, loop="uvloop", http="httptools")


def _answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return False
    return True
