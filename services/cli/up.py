"""`taizhang up`: the whole stack in the foreground, over embedded stores or the user's own."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from joserfc.jwk import ECKey

from services.cli.embedded import Stores, embedded_stores
from services.cli.processes import Running, ServiceEnded, running_services
from shared.migrations import migrate
from shared.settings import Settings, SettingsInvalid

LOOK_SECONDS = 0.5


@contextmanager
def stack(settings: Settings, *, lines_to: Path | None = None) -> Iterator[tuple[Running, Stores]]:
    """Stores, newest schema, the three services; `lines_to` as in running_services."""
    with stores_of(settings) as stores:
        migrate(stores.database_url)
        with running_services(settings, stores, signing_key_of(settings), lines_to=lines_to) as running:
            yield running, stores


@contextmanager
def stores_of(settings: Settings) -> Iterator[Stores]:
    """The servers that the settings name; embedded ones when they name none."""
    if (settings.database_url is None) != (settings.redis_url is None):
        missing = "TAIZHANG_DATABASE_URL" if settings.database_url is None else "TAIZHANG_REDIS_URL"
        raise SettingsInvalid(f"{missing} is not set while its fellow is: give both, or neither for embedded stores")
    if settings.database_url is not None and settings.redis_url is not None:
        yield Stores(settings.database_url, settings.redis_url)
        return
    with embedded_stores(settings.data_dir) as stores:
        yield stores


def signing_key_of(settings: Settings) -> str:
    """The key that the settings give; else one of the data directory's own, made once, readable by its owner only."""
    if settings.token_signing_key is not None:
        return settings.token_signing_key
    path: Path = settings.data_dir / "signing-key.pem"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    return str(path.resolve())


def run_until_asked(settings: Settings) -> None:
    """`taizhang up`: print where it answers and serve until SIGINT or SIGTERM."""
    with stack(settings) as (running, _stores):
        print(f"ready ledger={running.ledger_url} reporting={running.reporting_url}", flush=True)
        serve_until_asked(running)


def serve_until_asked(running: Running) -> None:
    """Wait for SIGINT or SIGTERM; raises ServiceEnded when a service ends before that."""
    asked = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: asked.set())
    while not asked.wait(LOOK_SECONDS):
        if (ended := running.ended()) is not None:
            raise ServiceEnded(f"`taizhang {ended}` ended; {running.lines_in} say why")
