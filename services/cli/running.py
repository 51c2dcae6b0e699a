"""How a command reaches the database: the one of the settings, the one that `taizhang up` runs now, or a start of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.cli.embedded import running_stores
from services.cli.up import stores_of
from shared.migrations import migrate
from shared.settings import Settings


@contextmanager
def database_url_of(settings: Settings) -> Iterator[str]:
    """The database's URL, with the newest schema; embedded stores that nobody runs are started for the block."""
    running = None if settings.database_url else running_stores(settings.data_dir)
    if running is not None:
        yield running.database_url
        return
    if settings.database_url is not None:
        migrate(settings.database_url)
        yield settings.database_url
        return
    with stores_of(settings) as stores:
        migrate(stores.database_url)
        yield stores.database_url
