"""A base backup and the log of changes: the ledger as it was at an instant, proven, and what came after it sent again."""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest

from services.cli.audit import full_audit
from services.cli.backup import BackupFailed, back_up, following, restore
from services.cli.clients import create_client
from services.cli.embedded import StoreDidNotStart, Stores, embedded_stores
from services.cli.processes import running_services
from services.cli.push import Journal, Landed, SignedIn, push_sources
from services.cli.receipts import not_held
from services.cli.simulator.senders import sender_of, sign_in
from services.cli.sources import Source, sources_of
from services.cli.up import signing_key_of
from services.cli.verify import verify_ledger
from shared.settings import Settings
from tests.faults.conftest import PATIENCE_SECONDS, Stack

# The last files come after the instant that is gone back to.
LATE = 4
_FINDINGS = "select finding_id, state, found, first_seen, last_changed from audit.finding order by finding_id"
_EVENTS = "select position, finding_id, change, state, at from audit.finding_event order by position"
_FOLLOWED = (
    "select flush_lsn >= pg_current_wal_flush_lsn() from pg_stat_replication where application_name = 'pg_receivewal'"
)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A place that the servers' user can reach."""
    place = Path(tempfile.mkdtemp(prefix="taizhang-restored-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def test_a_restored_ledger_is_proven_shows_what_it_lost_and_takes_it_again(stack: Stack, elsewhere: Path) -> None:
    lived = Settings(_env_file=None, data_dir=stack.data_dir)
    paper = Path("attachments") / "ab" / "paper"
    (stack.data_dir / paper).parent.mkdir(parents=True)
    (stack.data_dir / paper).write_bytes(b"%PDF-1.4")
    url, sources = stack.running.ledger_url, sources_of([stack.folder])
    signed_in = sign_in(
        url, stack.stores.database_url, stack.folder, create_client(stack.stores.database_url, kind="bureau")
    )
    journal, receipts = Journal(elsewhere / "push.json", url), elsewhere / "receipts.ndjson"

    with following(lived, elsewhere / "kept"), receipts.open("w") as given:

        def keep(landed: Landed) -> None:
            chains = [asdict(chain) for chain in landed.receipt.chains]
            print(json.dumps({"batch_id": landed.receipt.batch_id, "chains": chains}), file=given, flush=True)

        _push(url, signed_in, sources[:4], keep)
        base = back_up(lived, elsewhere / "kept")
        _push(url, signed_in, sources[4:-LATE], keep)
        stack.await_audit()
        (until,) = stack.query("select clock_timestamp()")[0]
        then = (stack.query(_FINDINGS), stack.query(_EVENTS))
        kept = receipts.read_text().splitlines()
        # Of these the client's journal says that they have landed.
        _push(url, signed_in, sources[-LATE:], lambda landed: (keep(landed), journal.note(landed)))
        assert not_held(stack.stores.database_url, receipts) == []
        _await(lambda: stack.query(_FOLLOWED) == [(True,)], "the log is not followed to its end")
    for service in stack.running.processes.values():
        service.kill()

    restored = Settings(
        _env_file=None, data_dir=elsewhere / "var", ledger_port=int(url.rpartition(":")[2]), reporting_port=0
    )
    with pytest.raises(BackupFailed, match="no base backup"):
        restore(restored, elsewhere / "nothing", None)
    assert restore(restored, elsewhere / "kept", until) == base
    with pytest.raises(StoreDidNotStart, match="a ledger already"):
        restore(restored, elsewhere / "kept", until)
    assert (restored.data_dir / paper).read_bytes() == b"%PDF-1.4"
    with embedded_stores(restored.data_dir) as stores:
        _assert_proven(stores)
        assert (_ask(stores, _FINDINGS), _ask(stores, _EVENTS)) == then
        over = restored.model_copy(update={"database_url": stores.database_url, "redis_url": stores.redis_url})
        assert full_audit(over, school=None, term=None, only=None)[1] == 0
        assert (_ask(stores, _FINDINGS), _ask(stores, _EVENTS)) == then
        lost = {each.batch_id for each in not_held(stores.database_url, receipts)}
        assert lost == {json.loads(line)["batch_id"] for line in receipts.read_text().splitlines()[len(kept) :]}
        with running_services(restored, stores, signing_key_of(restored), commands=("api", "worker")):
            again = _push(url, signed_in, sources[-LATE:], lambda _landed: None, Journal(elsewhere / "push.json", url))
            assert again > 0
            assert _push(url, signed_in, sources[-LATE:], lambda _landed: None) == 0
            _await(lambda: _ask(stores, "select count(*) from ledger.outbox") == [(0,)], "the audit does not end")
        _assert_proven(stores)
        assert stack.truth == {
            tuple(row)
            for row in _ask(
                stores,
                "select rule, school_id, subject, coalesce(service_date::text, period) from audit.finding where state = 'open'",
            )
        }
        # What was sent again is another entry of the chain: the receipts of the lost ones stay unredeemed.
        assert {each.batch_id for each in not_held(stores.database_url, receipts)} == lost


def _push(
    url: str,
    signed_in: Mapping[str, SignedIn],
    sources: Sequence[Source],
    told: Callable[[Landed], object],
    journal: Journal | None = None,
) -> int:
    """Send the files, each by who keeps such records; how many records were new to the ledger."""
    new = 0
    for source in sources:
        sender = sender_of(source.resource, signed_in)
        pushed = push_sources(url, sender, [source], told=lambda landed: told(landed) and None, journal=journal)
        new += pushed.created + pushed.revised
    return new


def _await(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def _assert_proven(stores: Stores) -> None:
    verified = asyncio.run(verify_ledger(stores.database_url, None, lambda *_: nullcontext(lambda _: None)))
    assert verified
    assert [each.broken for each in verified if each.broken] == []


def _ask(stores: Stores, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(stores.database_url) as connection:
        return connection.execute(sql).fetchall()  # type: ignore[arg-type]
