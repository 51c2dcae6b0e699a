"""Tables whose rows are read and written singly, as SQLModel; what comes in bulk speaks asyncpg and SQL of its own."""

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.database import ACQUIRE_SECONDS, ServiceRole, role_settings

CONNECTIONS = 2


def open_tables(database_url: str, *, role: ServiceRole) -> AsyncEngine:
    """An engine whose connections act as `role` and nothing more; it connects when first used."""
    return create_async_engine(
        make_url(database_url).set(drivername="postgresql+asyncpg"),
        pool_size=CONNECTIONS,
        pool_timeout=ACQUIRE_SECONDS,
        pool_pre_ping=True,
        connect_args={"server_settings": role_settings(role)},
    )
