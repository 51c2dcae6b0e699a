"""The discovery document: where a fresh client begins."""

from tests.world.district import District


async def test_the_discovery_document_needs_no_token_and_names_the_way_in(district: District) -> None:
    found = (await district.ledger.get("/")).json()
    assert found["links"]["token"] == "/oauth/token"
    assert found["posting_order"].index("schools") < found["posting_order"].index("sessions")


async def test_every_resource_it_names_answers(school: District) -> None:
    found = (await school.ledger.get("/")).json()
    openapi = (await school.ledger.get("/openapi.json")).json()
    for resource in found["posting_order"]:
        assert "post" in openapi["paths"][f"/v1/{resource}"]


async def test_health_readiness_and_metrics_answer(school: District) -> None:
    for client in (school.ledger, school.reporting):
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert "taizhang" in (await client.get("/metrics")).text
