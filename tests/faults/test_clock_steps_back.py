"""The database's clock steps: the ledger's own time goes on rising within a school, and what was known then stays known."""

from datetime import datetime, timedelta

import psycopg
import pytest

from tests.faults.conftest import Site
from tests.world.district import Json
from tests.world.standard import S1, session, sheet, staff_of

# Before PostgreSQL's own functions on the way: what the ledger asks for the time then tells another one.
_CLOCK = """
    create schema clock;
    create table clock.step (by interval not null);
    insert into clock.step values ('0');
    create function clock.clock_timestamp() returns timestamptz language sql volatile as $$
        select pg_catalog.clock_timestamp() + (select by from clock.step)
    $$;
    grant usage on schema clock to public;
    grant select on clock.step to public;
    alter role taizhang set search_path = clock, pg_catalog, public;
"""


@pytest.fixture
def stepping(site: Site) -> Site:
    """The API over a database whose clock can be set."""
    with psycopg.connect(site.stores.database_url, autocommit=True) as connection:
        connection.execute(_CLOCK)
    # Connections that are there keep the path they had.
    site.reconnect()
    return site


def _step(site: Site, hours: int) -> None:
    with psycopg.connect(site.stores.database_url, autocommit=True) as connection:
        connection.execute("update clock.step set by = %s", (timedelta(hours=hours),))


STEPS = [0, 24, 0, -1, -2, 1]


def test_time_rises_and_what_was_served_then_is_served_again(stepping: Site) -> None:
    """The clock is set a day ahead, back again, back an hour and another, and ahead: each time the same records change."""
    known: list[tuple[str, dict[str, Json]]] = []
    paths = (f"/v1/sessions/{S1}/h1", f"/v1/attendance/{S1}/h1", "/v1/staff/T1")
    for change, hours in enumerate(STEPS):
        _step(stepping, hours)
        before = stepping.query("select clock_timestamp()")[0][0]
        stepping.post_until_acknowledged("sessions", [session("h1", headcount=change)])
        stepping.post_until_acknowledged("staff", [{**staff_of(S1, "T1"), "name": f"名{change}"}])
        receipt = stepping.post_until_acknowledged("attendance", [sheet("h1", present=change)])
        if hours == max(STEPS):
            assert datetime.fromisoformat(receipt["recorded_at"]) > before, "the ledger goes by this clock"
        again = stepping.post_until_acknowledged("attendance", [sheet("h1", present=change)])
        assert again["unchanged"] == 1
        assert datetime.fromisoformat(again["recorded_at"]) > datetime.fromisoformat(receipt["recorded_at"])
        known.append((receipt["recorded_at"], (served := {path: _read(stepping, path) for path in paths})))
        # What is told to be there at an instant is there when it is asked for as of that instant.
        assert {path: _read(stepping, path, as_of=again["recorded_at"]) for path in paths} == served
    for as_of, served in known:
        assert {path: _read(stepping, path, as_of=as_of) for path in paths} == served
    instants = [
        row[0]
        for row in stepping.query(f"select recorded_at from ledger.chain_entry where school_id = '{S1}' order by seq")
    ]
    assert instants == sorted(set(instants))
    assert instants[-1] - instants[-3 * len(STEPS)] > timedelta(hours=23)
    for table, key in (("session_revision", "session_id"), ("attendance_revision", "session_id"), ("entry", "key")):
        rows = stepping.query(
            f"select {key}, recorded_at from ledger.{table} where {key} in ('h1', 'T1') order by revision"
        )
        assert [row[1] for row in rows] == sorted({row[1] for row in rows})
    stepping.assert_verified()


def _read(site: Site, path: str, **parameters: str) -> Json:
    answer = site.send("GET", path, params=parameters)
    assert answer.status_code == 200, answer.text
    record: Json = answer.json()
    return record
