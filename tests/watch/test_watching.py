"""The three services as an operator sees them: metrics, one id from a POST to the webhook, lines that name nobody."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from joserfc.jwk import ECKey

from services.cli.embedded import Stores
from services.cli.processes import Running, free_port_or, running_services
from services.cli.up import signing_key_of
from services.ledger_api.app import read_signing_key
from shared.settings import Settings
from shared.tokens import issue
from tests.conftest import cloned
from tests.world.collector import CollectedSpan, Collector, collecting
from tests.world.lines import assert_lines_name_nobody
from tests.world.standard import S1, session, sheet, staff_of

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
REQUEST = "followed-from-post-to-webhook"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# Of the caller's own system.
CALLER = "00f067aa0ba902b7"


@dataclass
class Watched:
    """The running services, what they log, what their webhooks' receiver noted."""

    running: Running
    worker_url: str
    database_url: str
    lines: Path
    received: Path
    key: ECKey
    collector: Collector

    def headers(self, kind: str, *schools: str) -> dict[str, str]:
        """A caller of this kind."""
        return {"Authorization": f"Bearer {issue(self.key, client_id=kind, kind=kind, schools=schools, stage=None)}"}

    def exported(self) -> set[str]:
        """The names of all samples that the services export."""
        urls = (self.running.ledger_url, self.running.reporting_url, self.worker_url)
        text = "".join(httpx.get(f"{url}/metrics", trust_env=False).text for url in urls)
        # A histogram that has observed nothing yet has no line but its type's.
        typed = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        endings = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
        return {name + end for name, kind in typed for end in endings.get(kind, ("",))}

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of this event."""
        lines = self.lines.read_text("utf-8").splitlines()
        return [event for line in lines if line.startswith("{") and (event := json.loads(line))["event"] == name]


def until(found: Callable[[], Any]) -> Any:
    """Ask until there is something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


@pytest.fixture(scope="module")
def watched(stores: Stores, standard: str) -> Iterator[Watched]:
    """All three services over the standard schools, their metrics on, with a subscription; one request has gone through."""
    data_dir = Path(tempfile.mkdtemp(prefix="taizhang-watched-"))
    settings = Settings(_env_file=None, data_dir=data_dir, ledger_port=0, reporting_port=0)
    key, lines, received = signing_key_of(settings), data_dir / "log", data_dir / "received"
    worker_port, hooks_port = free_port_or("127.0.0.1", 0), free_port_or("127.0.0.1", 0)
    with pytest.MonkeyPatch.context() as patch, cloned(stores, standard) as url, collecting() as collector:
        patch.setenv("TAIZHANG_WORKER_PORT", str(worker_port))
        patch.setenv("TAIZHANG_LOG_FORMAT", "json")
        patch.setenv("TAIZHANG_WEBHOOK_NETWORKS", "127.0.0.0/8")
        patch.setenv("TAIZHANG_TRACES_URL", collector.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        receiver = subprocess.Popen([sys.executable, "-m", "tests.world.receiver", str(hooks_port), str(received)])
        with running_services(settings, Stores(url, stores.redis_url), key, lines_to=lines) as running:
            found = Watched(
                running, f"http://127.0.0.1:{worker_port}", url, lines, received, read_signing_key(key), collector
            )
            _tell(found, url, f"http://127.0.0.1:{hooks_port}/hooks")
            yield found
            assert_lines_name_nobody(lines, url)
        receiver.terminate()
        receiver.wait()
    shutil.rmtree(data_dir)


def _tell(watched: Watched, url: str, hooks: str) -> None:
    bureau, school = watched.headers("bureau"), watched.headers("school", S1)
    followed = {"X-Request-ID": REQUEST, "traceparent": f"00-{TRACE}-{CALLER}-01"}
    with httpx.Client(base_url=watched.running.ledger_url, trust_env=False) as client:
        made = client.post("/v1/subscriptions", json={"url": hooks}, headers=bureau)
        assert made.status_code < 300, made.text
        named = {**staff_of(S1, "T1"), "name": "欧阳长风"}
        for path, record in (("/v1/staff", named), ("/v1/sessions", session("nobody", headcount=0))):
            answer = client.post(path, json=record, headers={**school, **followed})
            assert answer.status_code == 200, answer.text
            # Each is audited for itself: what came in together is told in the trace of what came first.
            until(lambda: _audited(url))
        assert client.post("/v1/attendance", json=sheet("nobody", present=3), headers=school).status_code == 200
        # What is refused is logged as little as what is taken.
        assert client.post("/v1/sessions", json=session("P1\x00"), headers=school).status_code == 422
        assert client.get("/v1/students/P1", headers=school).status_code == 200
        assert client.get("/v1/students/P1%00", headers=school).status_code < 500


def _audited(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("select from ledger.outbox").fetchone() is None


def test_one_id_leads_from_the_post_over_the_audit_to_the_webhook(watched: Watched) -> None:
    webhook = until(lambda: _webhook_of(watched))
    (recorded, *_) = [each for each in watched.events("batch_recorded") if each["request_id"] == REQUEST]
    assert recorded["service"] == "ledger_api"
    audited = until(lambda: [each for each in watched.events("outbox_audited") if REQUEST in each["request_ids"]])
    assert audited[0]["service"] == "audit_worker"
    sent = [each for each in watched.events("webhook_sent") if REQUEST in each["request_ids"]]
    assert webhook["webhook-id"] in {each["webhook_id"] for each in sent}


def test_one_trace_leads_from_the_callers_own_system_over_the_audit_to_the_webhook(watched: Watched) -> None:
    webhook = until(lambda: _webhook_of(watched))
    spans = until(lambda: _whole_trace(watched.collector))
    (post,) = spans["POST /v1/sessions"]
    assert (post.service, post.parent_id) == ("ledger_api", CALLER)
    assert post.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/sessions",
        "http.response.status_code": 200,
        "taizhang.request_id": REQUEST,
    }
    audited = [each for each in spans["days_audited"] if each.parent_id == post.span_id]
    assert [each.service for each in audited] == ["audit_worker"]
    assert audited[0].attributes["taizhang.changes"] > 0
    version, trace_id, span_id, _flags = webhook["traceparent"].split("-")
    assert (version, trace_id) == ("00", TRACE)
    (sent,) = [each for each in spans["webhook_sent"] if each.span_id == span_id]
    assert sent.parent_id == post.span_id
    assert sent.attributes == {"taizhang.webhook_id": webhook["webhook-id"], "taizhang.delivered": True}


def _whole_trace(collector: Collector) -> dict[str, list[CollectedSpan]] | None:
    """The spans of the followed trace by name, once its three parts have arrived."""
    spans: dict[str, list[CollectedSpan]] = {}
    for each in list(collector.spans):
        if each.trace_id == TRACE:
            spans.setdefault(each.name, []).append(each)
    return spans if {"POST /v1/sessions", "days_audited", "webhook_sent"} <= spans.keys() else None


def _webhook_of(watched: Watched) -> dict[str, str] | None:
    lines = watched.received.read_text("utf-8").splitlines() if watched.received.exists() else []
    headers = (json.loads(line)["headers"] for line in lines if line.endswith("}"))
    return next((each for each in headers if REQUEST in each.get("x-request-id", "")), None)


@pytest.mark.parametrize("file", ["deploy/grafana/taizhang.json", "deploy/prometheus/alerts.yaml"])
def test_every_metric_of_the_board_and_the_alerts_is_exported(watched: Watched, file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    named = set(re.findall(r"\btaizhang_[a-z_]+", text))
    assert len(named) > 8
    assert named <= watched.exported(), named - watched.exported()


def test_every_alert_says_what_is_wrong_and_is_in_the_operators_page() -> None:
    page = (ROOT / "docs/watch.md").read_text("utf-8")
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["summary"]
            assert rule["alert"] in page


def test_the_worker_tells_how_the_store_stands(watched: Watched) -> None:
    def value_of(name: str) -> float:
        text = httpx.get(f"{watched.worker_url}/metrics", trust_env=False).text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    assert httpx.get(f"{watched.worker_url}/readyz", trust_env=False).json() == {"status": "ready"}
    until(lambda: value_of("taizhang_partitions_ahead_days") >= 31)
    assert until(lambda: value_of('taizhang_webhook_deliveries_total{outcome="delivered"}'))
    assert until(lambda: value_of('taizhang_audit_rule_duration_seconds_count{rule="A12"}'))


def test_the_ledger_counts_what_came_in(watched: Watched) -> None:
    text = httpx.get(f"{watched.running.ledger_url}/metrics", trust_env=False).text
    assert 'taizhang_ingest_records_total{outcome="created",resource="sessions"} 1.0' in text
    assert "taizhang_ingest_attendance_marks_total 3.0" in text
