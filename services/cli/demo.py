"""`make demo`: a simulated district through the public API, audited, compared with what was planted in it."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from services.audit_worker.catalogue import read_catalogue
from services.cli.clients import NewClient, create_client
from services.cli.embedded import discard_stores
from services.cli.processes import free_port_or
from services.cli.progress import progress_bar
from services.cli.push import Pushed
from services.cli.simulator import simulate
from services.cli.simulator.people import TERM_ID
from services.cli.simulator.senders import push_district, read_lines, school_ids_in, sign_in
from services.cli.sources import sources_of
from services.cli.up import serve_until_asked, stack
from shared.money import Fen, shown_yuan
from shared.settings import Settings

AUDIT_PATIENCE_SECONDS = 240.0
LOOK_SECONDS = 0.2

Finding = tuple[str, str, str, str]


@dataclass(frozen=True)
class Outcome:
    """What came in, what was found of what was planted, what it pays."""

    pushed: Pushed
    marks: int
    found: Counter[str]
    planted: int
    planted_indicators: int
    caught: int
    false: Sequence[Finding]
    missed: Sequence[Finding]
    pay_fen: Fen
    paid_people: int
    seconds: Mapping[str, float]

    @property
    def is_right(self) -> bool:
        """Whether rules about records found what was planted and nothing else, and indicators most of it.

        An indicator is sometimes wrong, and a dozen schools are too few to say how often: `bench accuracy` does.
        """
        wrong = [*self.false, *self.missed]
        missed_indicators = [finding for finding in self.missed if _is_indicator(finding)]
        return all(map(_is_indicator, wrong)) and 2 * len(missed_indicators) <= self.planted_indicators


def _is_indicator(finding: Finding) -> bool:
    """Whether its rule estimates: such a rule misses some, and says so."""
    return finding[0] == "A11" or finding[0].startswith("F")


def run_demo(settings: Settings, *, schools: int, days: int, seed: int, once: bool) -> bool:
    """Run it and print the summary; without `once`, serve until Ctrl-C. Returns whether everything went right."""
    settings = _apart(settings)
    console = Console(width=100)
    folder, lines_to = settings.data_dir / "district", settings.data_dir / "services.log"
    folder.mkdir(parents=True, exist_ok=True)
    with stack(settings, lines_to=lines_to) as (running, stores):
        bureau = create_client(stores.database_url, kind="bureau", name="demo bureau")
        outcome = _work_through(
            folder, running.ledger_url, running.reporting_url, stores.database_url, bureau, schools, days, seed
        )
        _print_summary(console, outcome)
        if once:
            return outcome.is_right
        _print_addresses(console, running.ledger_url, running.reporting_url, bureau, lines_to)
        serve_until_asked(running)
        return outcome.is_right


def _apart(settings: Settings) -> Settings:
    """The demo's own embedded stores, fresh each time, on the usual ports where they are free."""
    ports = {name: free_port_or(settings.bind, getattr(settings, name)) for name in ("ledger_port", "reporting_port")}
    if settings.database_url is not None:
        return settings.model_copy(update=ports)
    own = settings.data_dir / "demo"
    discard_stores(own)
    return settings.model_copy(update={**ports, "data_dir": own, "log_format": "console"})


def _work_through(
    folder: Path,
    ledger_url: str,
    reporting_url: str,
    database_url: str,
    bureau: NewClient,
    schools: int,
    days: int,
    seed: int,
) -> Outcome:
    started = time.monotonic()
    with progress_bar("simulating", schools) as advance:
        summary = simulate(schools=schools, days=days, seed=seed, out=folder, told=advance)
    simulated = time.monotonic()
    school_ids = school_ids_in(folder)
    signed_in = sign_in(ledger_url, database_url, folder, bureau)
    with progress_bar("pushing", sum(source.size for source in sources_of([folder]))) as advance:
        pushed = push_district(ledger_url, signed_in, folder, told=advance)
    sent = time.monotonic()
    _await_audit(database_url)
    audited = time.monotonic()
    planted = {
        _identity(label, label["subject"])
        for label in read_lines(folder / "labels.ndjson")
        if label["label"] == "fraud"
    }
    with httpx.Client(base_url=reporting_url, auth=signed_in["bureau"], timeout=60, trust_env=False) as reporting:
        findings = {
            _identity(finding, finding["subject"]["id"])
            for finding in _pages(reporting, "/v1/findings", {"state": "open", "limit": "1000"})
        }
        pay_fen, people = _compensation(reporting, school_ids)
    return Outcome(
        pushed=pushed,
        marks=summary.marks,
        found=Counter(finding[0] for finding in findings),
        planted=len(planted),
        planted_indicators=sum(map(_is_indicator, planted)),
        caught=len(planted & findings),
        false=sorted(findings - planted),
        missed=sorted(planted - findings),
        pay_fen=pay_fen,
        paid_people=people,
        seconds={"simulate": simulated - started, "push": sent - simulated, "audit": audited - sent},
    )


def _identity(record: Mapping[str, Any], subject: str) -> Finding:
    """What makes two of the same: rule, school, subject, and the date or period."""
    return record["rule"], record["school_id"], subject, record.get("service_date") or record["period"]


def _await_audit(database_url: str) -> None:
    """Wait until the worker has looked at everything; raises TimeoutError when it does not come to it."""
    deadline = time.monotonic() + AUDIT_PATIENCE_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:

        def waiting() -> int:
            row = connection.execute("select count(*) from ledger.outbox").fetchone()
            return 0 if row is None else int(row[0])

        left = waiting()
        with progress_bar("auditing", left) as advance:
            while left:
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"the audit has not come to {left} of its tasks in {AUDIT_PATIENCE_SECONDS:.0f} s"
                    )
                time.sleep(LOOK_SECONDS)
                now = waiting()
                advance(left - now)
                left = now


def _pages(client: httpx.Client, path: str, parameters: dict[str, str]) -> Iterator[dict[str, Any]]:
    while True:
        page = client.get(path, params=parameters).raise_for_status().json()
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        parameters = {**parameters, "cursor": page["next_cursor"]}


def _compensation(client: httpx.Client, school_ids: Sequence[str]) -> tuple[Fen, int]:
    total, people = 0, 0
    for school_id in school_ids:
        answer = client.get(
            "/v1/reports/compensation", params={"school_id": school_id, "term_id": TERM_ID, "limit": "1"}
        )
        body = answer.raise_for_status().json()
        total += body["total_fen"]
        people += body["people"]
    return Fen(total), people


def _print_summary(console: Console, outcome: Outcome) -> None:
    records = Table("records in", "", box=None, pad_edge=False)
    records.columns[1].justify = "right"
    for resource, count in outcome.pushed.by_resource.items():
        records.add_row(resource, f"{count:,}")
    records.add_row("[dim]attendance marks[/dim]", f"[dim]{outcome.marks:,}[/dim]")
    findings = Table("findings by rule", "", box=None, pad_edge=False)
    findings.columns[1].justify = "right"
    for rule in read_catalogue():
        if rule.code in outcome.found:
            findings.add_row(f"{rule.code} {rule.header.name.zh}", f"{outcome.found[rule.code]:,}")
    beside = Table.grid(padding=(0, 6))
    beside.add_row(records, findings)
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in outcome.seconds.items())
    caught = f"planted frauds caught: [bold]{outcome.caught} of {outcome.planted}[/bold], false findings: [bold]{len(outcome.false)}[/bold]"
    paid = f"compensation: [bold]{shown_yuan(outcome.pay_fen)}[/bold] yuan for {outcome.paid_people:,} people"
    console.print(Panel(beside, title="Taizhang 台账", subtitle=took, padding=(1, 2)))
    console.print(f"  {caught}\n  {paid}\n", highlight=False)
    for said, which in (("missed", outcome.missed), ("false", outcome.false)):
        for finding in which[:10]:
            console.print(f"  [red]{said}[/red]: {' '.join(finding)}", highlight=False)


def _print_addresses(console: Console, ledger_url: str, reporting_url: str, bureau: NewClient, lines_to: Path) -> None:
    """Where it answers, a link that signs in as the bureau, where the services' lines are."""
    token = httpx.post(
        f"{ledger_url}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(bureau.client_id, bureau.client_secret),
        trust_env=False,
    ).raise_for_status()
    link = httpx.post(
        f"{ledger_url}/oauth/links",
        headers={"Authorization": f"Bearer {token.json()['access_token']}"},
        trust_env=False,
    ).raise_for_status()
    console.print(
        f"  ledger API  {ledger_url}/docs\n  reporting   {reporting_url}/docs\n  the bureau  {bureau.client_id} {bureau.client_secret}\n"
        f"  log         {lines_to}\n\n"
        f"  dashboard   {reporting_url}/#code={link.json()['code']}\n\n"
        "  The link is good once, for ten minutes; after that the page asks for the bureau's id and secret.\n"
        "  Ctrl-C ends the demo.",
        highlight=False,
        soft_wrap=True,
    )
