"""A signing key is rotated with overlap: old tokens stay good until they end, a retired key's are refused."""

from pathlib import Path

import psycopg
import pytest
from joserfc.jwk import ECKey

from services.cli.embedded import Stores
from services.cli.keys import KeyInUse, retire_key, signing_keys
from services.ledger_api.app import read_signing_key
from tests.world.district import District, Voice, open_district
from tests.world.standard import S1


async def test_the_old_key_verifies_beside_the_new_one_until_it_is_retired(
    school: District, stores: Stores, tmp_path: Path
) -> None:
    old = read_signing_key_of(school)
    kept = school.school(S1)
    await kept.get("/v1/staff")
    with pytest.raises(KeyInUse, match="newest"):
        retire_key(school.database_url, old)
    new_pem = tmp_path / "new.pem"
    new_pem.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    async with open_district(school.database_url, stores.redis_url, str(new_pem)) as after:
        new = read_signing_key(str(new_pem)).kid
        jwks = (await after.ledger.get("/.well-known/jwks.json")).json()["keys"]
        assert [key["kid"] for key in jwks] == [new, old]
        elder = Voice(after.ledger, after.reporting, kept.token)
        await elder.get("/v1/staff")
        await after.school(S1).get("/v1/staff")
        # The service that was not restarted learns the new key when it sees it.
        await Voice(school.ledger, school.reporting, after.school(S1).token).get("/v1/staff")

        with pytest.raises(KeyInUse, match="may be good until"):
            retire_key(school.database_url, old)
        with psycopg.connect(school.database_url) as connection:
            connection.execute("update ledger.signing_key set created_at = created_at - interval '61 minutes'")
        assert retire_key(school.database_url, old).retired_at is not None
        with pytest.raises(ValueError, match="no key"):
            retire_key(school.database_url, old)
        assert [key.kid for key in signing_keys(school.database_url) if key.retired_at is None] == [new]
        # Within a minute each process looks again; here at once.
        for app in (after.ledger_app, after.reporting_app):
            app.state.verifier._learnt_at = float("-inf")
        await elder.get("/v1/staff", expect=401)
        await elder.report("/v1/findings", expect=401)
        await after.school(S1).get("/v1/staff")


def read_signing_key_of(district: District) -> str:
    """The thumbprint of the key that signs in this district."""
    return str(district.key.kid)
