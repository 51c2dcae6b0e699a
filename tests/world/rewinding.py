"""One district for many stories: its tables are brought back between two of them, its connections and their plans stay.

To clone a database, open pools over it and plan an audit's statements anew takes longer than most stories do.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from services.ledger_api.ingest.append import Ledger
from tests.world.district import District, open_district

# What each table held and up to which transaction that is known; a partition's rows are its table's.
_KEEP = """
create schema kept;
create table kept.marks (name text primary key, rows bigint not null, mark bigint not null);
do $$
declare
    place record;
begin
    for place in
        select relation.oid::regclass::text as name, replace(relation.oid::regclass::text, '.', '_') as copy
        from pg_class as relation
        where
            relation.relnamespace in ('ledger'::regnamespace, 'audit'::regnamespace)
            and relation.relkind in ('r', 'p')
            and not relation.relispartition
    loop
        execute format('create table kept.%I as select * from %s', place.copy, place.name);
        execute format(
            'insert into kept.marks select %L, count(*), pg_current_xact_id()::text::bigint from %s',
            place.name, place.name
        );
    end loop;
end
$$;
create table kept.sequences as
select schemaname || '.' || sequencename as name, last_value from pg_sequences where schemaname in ('ledger', 'audit');
"""
# Only what has changed is touched: a row is newer than the mark, or one is gone.
_REWIND = """
create function kept.rewind() returns void language plpgsql as $$
declare
    each record;
    changed boolean;
begin
    for each in select * from kept.marks
    loop
        execute format(
            'select count(*) <> $1 or count(*) filter (where xmin::text::bigint > $2) > 0 from %s', each.name
        )
        into changed using each.rows, each.mark;
        if changed then
            execute format('delete from %s', each.name);
            execute format(
                'insert into %s overriding system value select * from kept.%I',
                each.name, replace(each.name, '.', '_')
            );
            update kept.marks set mark = pg_current_xact_id()::text::bigint where name = each.name;
        end if;
    end loop;
    perform setval(name::regclass, coalesce(last_value, 1), last_value is not null) from kept.sequences;
end
$$;
"""


@dataclass
class Rewound:
    """A district that can be brought back to what it was when it was opened."""

    district: District
    owner: asyncpg.Connection

    async def rewind(self) -> District:
        """The district as at first: its tables, and a ledger that remembers nothing of what it saw meanwhile."""
        await self.owner.execute("select kept.rewind()")
        state = self.district.ledger_app.state
        state.ledger = Ledger(state.ledger.pool, state.ledger._bell)
        return self.district


@asynccontextmanager
async def open_rewound(database_url: str, redis_url: str, signing_key: str) -> AsyncIterator[Rewound]:
    """The services over a database of their own, whose content is what `rewind` comes back to."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(_KEEP)
        await owner.execute(_REWIND)
        async with open_district(database_url, redis_url, signing_key) as district:
            yield Rewound(district, owner)
    finally:
        await owner.close()
