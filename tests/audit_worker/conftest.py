"""A courier and where it delivers."""

from collections.abc import AsyncIterator

import pytest

from services.audit_worker.courier import Courier
from tests.world.courier import courier_of
from tests.world.district import District
from tests.world.receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Where webhooks arrive."""
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def courier(school: District, signing_key: str) -> AsyncIterator[Courier]:
    """The same, for a whole test."""
    async with courier_of(school, signing_key) as at_work:
        yield at_work
