"""A statement's named binds become positions; quoted text, comments and casts are left alone."""

import asyncio
import re

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database import Statement, role_settings
from tests.world.district import District

names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
# Pieces of SQL in which a colon is no bind, each whole in itself.
inert = st.sampled_from(
    [
        "select 1",
        "'a :quoted bind'",
        "'it''s :still quoted'",
        "''",
        '"a :named column"',
        '"say ""hi"" :there"',
        "now()::date",
        "'{}'::jsonb",
        "x :: text",
        "/* a :comment\nover /* lines */",
        "/* don't :mind */",
        "-- a :line, isn't it\n",
        '-- "half a quote :here\n',
        "slots[1:2]",
        "a <= b",
    ]
)


@given(st.lists(inert | names.map(lambda name: f":{name}"), max_size=12))
def test_only_binds_are_numbered_and_nothing_else_is_touched(pieces: list[str]) -> None:
    statement = Statement.parse("\n".join(pieces))
    numbered: list[str] = []
    expected = []
    for piece in pieces:
        if piece.startswith(":"):
            if piece[1:] not in numbered:
                numbered.append(piece[1:])
            expected.append(f"${numbered.index(piece[1:]) + 1}")
        else:
            expected.append(piece)
    assert statement.text == "\n".join(expected)
    assert statement.binds == tuple(numbered)


@given(st.lists(names, min_size=1, max_size=8))
def test_a_bind_that_comes_again_has_the_same_position(wanted: list[str]) -> None:
    statement = Statement.parse("select " + ", ".join(f":{name}" for name in wanted))
    assert len(statement.binds) == len(set(wanted))
    positions = [int(position) for position in re.findall(r"\$(\d+)", statement.text)]
    assert [statement.binds[position - 1] for position in positions] == wanted


@pytest.mark.parametrize(
    ("sql", "text", "binds"),
    [
        ("where day = :day::date", "where day = $1::date", ("day",)),
        ("any(:ids::text[])", "any($1::text[])", ("ids",)),
        ("between :first_day and :last_day", "between $1 and $2", ("first_day", "last_day")),
        (":a1 + :a", "$1 + $2", ("a1", "a")),
        ("':a' || :a || ':a'", "':a' || $1 || ':a'", ("a",)),
        ("-- :a\n:b -- :c", "-- :a\n$1 -- :c", ("b",)),
        ("/* ' */ :a /* ' */", "/* ' */ $1 /* ' */", ("a",)),
        ("'--' || :a", "'--' || $1", ("a",)),
        ("'/*' || :a || '*/'", "'/*' || $1 || '*/'", ("a",)),
        ('select 1 as "at :noon", :a', 'select 1 as "at :noon", $1', ("a",)),
        ("coalesce(:as_of::timestamptz, 'infinity')", "coalesce($1::timestamptz, 'infinity')", ("as_of",)),
        ("", "", ()),
    ],
)
def test_a_statement_reads_as_postgresql_takes_it(sql: str, text: str, binds: tuple[str, ...]) -> None:
    assert Statement.parse(sql) == Statement(text, binds)


def test_values_are_handed_over_in_the_order_of_their_positions() -> None:
    statement = Statement.parse("select :last, :first, :last")
    assert statement.arguments({"first": 1, "last": 2, "unasked": 3}) == [2, 1]


def test_a_value_that_is_missing_is_named() -> None:
    with pytest.raises(KeyError, match="school_id"):
        Statement.parse("select :school_id").arguments({})


async def test_the_statement_of_somebody_who_was_killed_ends_with_them(school: District) -> None:
    connection = await asyncpg.connect(school.database_url, server_settings=role_settings("taizhang_audit"))
    process_id = await connection.fetchval("select pg_backend_pid()")
    asleep = asyncio.create_task(connection.execute("select pg_sleep(300)"))
    at_work = "select from pg_stat_activity where pid = $1 and state = 'active'"
    while not await school.fetch(at_work, process_id):
        await asyncio.sleep(0.01)
    connection.terminate()
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await asleep
    async with asyncio.timeout(60):
        while await school.fetch(at_work, process_id):
            await asyncio.sleep(0.1)
