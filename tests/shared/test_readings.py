"""What is noted of readings of pupils' records stays: no service can change it, and none can make one up."""

import asyncpg
import pytest

from tests.world.district import District


@pytest.mark.parametrize("role", ["taizhang_ledger", "taizhang_reporting", "taizhang_audit"])
async def test_no_service_can_take_back_or_make_up_a_reading(school: District, role: str) -> None:
    connection = await asyncpg.connect(school.database_url, server_settings={"role": role})
    for statement in ("delete from ledger.pupil_reading", "update ledger.pupil_reading set client_id = 'x'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()
