"""Redis goes away in the middle: PostgreSQL is the truth and Redis only the bell."""

import httpx
import redis

from tests.faults.conftest import Stack


def test_writes_are_acknowledged_and_audited_without_redis(stack: Stack) -> None:
    def end_redis(sent: int) -> None:
        if sent == 8:
            redis.Redis.from_url(stack.stores.redis_url).shutdown(nosave=True)

    stack.push(between=end_redis)
    stack.await_audit()
    stack.assert_nothing_lost_nothing_doubled()
    for url in (stack.running.ledger_url, stack.running.reporting_url):
        assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200


def test_a_flushed_redis_loses_no_work(stack: Stack) -> None:
    def flush(_sent: int) -> None:
        redis.Redis.from_url(stack.stores.redis_url).flushall()

    stack.push(between=flush)
    stack.await_audit()
    stack.assert_nothing_lost_nothing_doubled()
