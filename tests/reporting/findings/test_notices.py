"""The owner of a webhook that was given up is told in every feed, until the webhook is active again."""

import feedparser

from tests.world.changes import find_in_both
from tests.world.district import District

SUBSCRIPTION = {"url": "https://receiver.example/hooks"}
# As the worker does after three days; tests/audit_worker/test_courier_failures.py has it do so.
_GIVE_UP = """
    insert into audit.subscription_progress (subscription_id, shared_out_to, disabled_activation, disabled_reason, disabled_at)
    values ($1, 0, 1, 'failed_for_three_days', '2025-09-14T00:00:00Z')
"""


async def test_the_owner_reads_it_in_each_feed_and_nobody_else_does(school: District) -> None:
    await find_in_both(school)
    subscription = (await school.auditor.send("POST", "/v1/subscriptions", json=SUBSCRIPTION)).json()
    assert (await school.auditor.report("/v1/findings/events"))["notices"] == []
    await school.fetch(_GIVE_UP, subscription["subscription_id"])

    (notice,) = (await school.auditor.report("/v1/findings/events"))["notices"]
    assert (notice["kind"], notice["subscription_id"]) == ("subscription_disabled", subscription["subscription_id"])
    assert notice["reason"] == "failed_for_three_days"
    atom = feedparser.parse((await school.auditor.read("/v1/findings/feed.atom", language="zh")).content)
    assert (atom.entries[0].id, len(atom.entries)) == (notice["id"], 3)
    assert "已停用" in atom.entries[0].title
    items = (await school.auditor.report("/v1/findings/feed.json"))["items"]
    assert (items[0]["id"], "_taizhang" in items[0]) == (notice["id"], False)

    assert (await school.bureau.report("/v1/findings/events"))["notices"] == []
    await school.auditor.send("PATCH", f"/v1/subscriptions/{subscription['subscription_id']}", json={"state": "active"})
    assert (await school.auditor.report("/v1/findings/events"))["notices"] == []
