"""`taizhang`: every command, a few lines each."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.cli.archive_commands import archive
from services.cli.client_commands import clients
from services.cli.key_commands import keys
from services.cli.options import DataDir
from services.cli.store_commands import backup, restore, verify

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Taizhang (台账): the open ledger, auditor and reporter for after-school services.",
)
audit = typer.Typer(no_args_is_help=True, help="Run the audit, or look at its rules.")
rollup = typer.Typer(no_args_is_help=True, help="What reports and rules read, derived from the facts.")
app.add_typer(clients, name="clients")
app.add_typer(keys, name="keys")
app.add_typer(archive, name="archive")
app.add_typer(audit, name="audit")
app.add_typer(rollup, name="rollup")
app.command()(backup)
app.command()(restore)
app.command()(verify)


_OF_A_RECEIPT = ("batch_id", "received", "created", "revised", "rejected")


class Mode(StrEnum):
    """How a push is taken."""

    atomic = "atomic"
    partial = "partial"


class ListFormat(StrEnum):
    """How a list is written."""

    text = "text"
    md = "md"


@app.command()
def up(data_dir: DataDir = None) -> None:
    """The whole stack in the foreground, until Ctrl-C."""
    from services.cli.up import run_until_asked
    from shared.settings import read_settings

    run_until_asked(read_settings(data_dir=data_dir))


@app.command()
def api(data_dir: DataDir = None) -> None:
    """The ledger API alone."""
    from services.cli.serve import serve
    from services.ledger_api.app import create_app
    from shared.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    settings.stores()
    serve(create_app(settings), settings, settings.ledger_port)


@app.command()
def worker(data_dir: DataDir = None) -> None:
    """The audit worker alone."""
    from services.audit_worker.worker import run_worker
    from services.cli.serve import require_schema
    from shared.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    require_schema(settings.stores()[0])
    run_worker(settings)


@app.command()
def reporting(data_dir: DataDir = None) -> None:
    """Reporting alone."""
    from services.cli.serve import serve
    from services.reporting.app import create_app
    from shared.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    serve(create_app(settings), settings, settings.reporting_port)


@app.command()
def migrate(
    back: Annotated[
        bool, typer.Option("--back", help="take the newest step back instead, for the version before")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the database to the newest schema; create the service roles and their grants. The services may run meanwhile."""
    from services.cli.running import database_url_of
    from shared.migrations import go_back
    from shared.settings import read_settings

    # Whoever reaches the database for a command brings it to the newest schema first.
    with database_url_of(read_settings(data_dir=data_dir)) as database_url:
        if back:
            go_back(database_url)
    print("the newest step is taken back" if back else "the schema is the newest")


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="the folder to write to")],
    schools: Annotated[int, typer.Option(min=1, help="how many schools")] = 12,
    days: Annotated[int, typer.Option(min=1, help="how many service days")] = 25,
    seed: Annotated[int, typer.Option(help="the same seed gives the same district")] = 1,
) -> None:
    """Write a simulated district as NDJSON files, and labels.ndjson with every planted fraud."""
    from services.cli.progress import progress_bar
    from services.cli.simulator import simulate as simulate_district

    with progress_bar("simulating", schools) as advance:
        try:
            summary = simulate_district(schools=schools, days=days, seed=seed, out=out, told=advance)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    print(json.dumps(asdict(summary), ensure_ascii=False))


@app.command()
def push(
    paths: Annotated[list[Path], typer.Argument(help="NDJSON, CSV, XLSX files, OneRoster zips, or folders of them")],
    url: Annotated[str, typer.Option(help="the ledger API")] = "http://127.0.0.1:8001",
    mode: Annotated[Mode, typer.Option(help="partial: what is good lands, the rest is named")] = Mode.atomic,
    resource: Annotated[str | None, typer.Option(help="what the files hold, where their names do not say it")] = None,
    client_id: Annotated[str, typer.Option(envvar="TAIZHANG_CLIENT_ID", help="who signs in")] = "",
    client_secret: Annotated[str, typer.Option(envvar="TAIZHANG_CLIENT_SECRET", help="its secret")] = "",
    data_dir: DataDir = None,
) -> None:
    """Upload files with progress; print each receipt, then the totals. Interrupted, it goes on where it was."""
    from services.cli.progress import progress_bar
    from services.cli.push import Journal, Landed, push_sources
    from services.cli.sources import sources_of
    from shared.settings import read_settings
    from taizhang.client import SignedIn

    sources = sources_of(paths, resource=resource)
    journal = Journal(read_settings(data_dir=data_dir).data_dir / "push.json", url)
    with progress_bar("pushing", sum(source.size for source in sources)) as advance:

        def tell(landed: Landed) -> None:
            counts = {name: getattr(landed.receipt, name) for name in _OF_A_RECEIPT}
            chains = [asdict(chain) for chain in landed.receipt.chains]
            line = {"file": landed.source.path.name, "resource": landed.source.resource, **counts, "chains": chains}
            print(json.dumps(line))
            for error in landed.errors():
                print(f"taizhang: {error}", file=sys.stderr)
            advance(len(landed.chunk.content))

        signed_in = SignedIn(url, client_id, client_secret)
        pushed = push_sources(url, signed_in, sources, mode=mode.value, told=tell, journal=journal)
    print(json.dumps(asdict(pushed)))
    if pushed.rejected:
        raise typer.Exit(1)


@app.command()
def template(
    resource: Annotated[str, typer.Argument(help="what is to be filled in, e.g. sessions")],
    out: Annotated[Path, typer.Option(help="the XLSX file to write")],
) -> None:
    """Write the form that a school without an information system fills in; `push` takes it."""
    from services.cli.template import UnknownForm, write_template

    try:
        columns = write_template(resource, out)
    except UnknownForm as error:
        raise typer.BadParameter(str(error)) from error
    print(json.dumps({"file": str(out), "resource": resource, "columns": columns}, ensure_ascii=False))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="exit after the summary")] = False,
    schools: Annotated[int, typer.Option(min=2)] = 12,
    days: Annotated[int, typer.Option(min=1)] = 25,
    seed: Annotated[int, typer.Option()] = 2024,
    data_dir: DataDir = None,
) -> None:
    """A simulated district through the public API, audited, with a summary."""
    from services.cli.demo import run_demo
    from shared.settings import read_settings

    if not run_demo(read_settings(data_dir=data_dir), schools=schools, days=days, seed=seed, once=once):
        raise typer.Exit(1)


@audit.command("run")
def audit_run(
    term: Annotated[str | None, typer.Option(help="only this term")] = None,
    school: Annotated[str | None, typer.Option(help="only this school")] = None,
    rule: Annotated[str | None, typer.Option(help="only this rule")] = None,
    data_dir: DataDir = None,
) -> None:
    """Audit everything afresh; over the same facts it changes nothing. With a rule go those that give way to it."""
    from services.cli.audit import full_audit
    from shared.settings import read_settings

    try:
        codes, changes = full_audit(read_settings(data_dir=data_dir), school=school, term=term, only=rule)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    print(json.dumps({"rules": len(codes), "changes": changes}))


@audit.command("rules")
def audit_rules(
    school: Annotated[str | None, typer.Option(help="also say which are not applicable to this school")] = None,
    as_: Annotated[ListFormat, typer.Option("--format", help="lines, or a document in Markdown")] = ListFormat.text,
    data_dir: DataDir = None,
) -> None:
    """The catalogue: code, severity, clause, name, what it claims; why a rule is not applicable to a school."""
    from services.audit_worker.catalogue import read_catalogue
    from services.cli.audit import not_applicable_to
    from services.cli.rule_book import rule_book, rule_list
    from shared.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    rules = read_catalogue(settings.rules_config)
    missing = {} if school is None else not_applicable_to(settings, rules, school)
    print(rule_book(rules) if as_ == ListFormat.md else rule_list(rules, missing))


@audit.command("parked")
def audit_parked(data_dir: DataDir = None) -> None:
    """What could not be audited because a rule raised: one JSON object each, with the error and the next attempt."""
    from services.cli.audit import parked_scopes
    from shared.settings import read_settings

    for scope in parked_scopes(read_settings(data_dir=data_dir)):
        print(json.dumps(scope, ensure_ascii=False, default=str))


@audit.command("backtest")
def audit_backtest(
    code: Annotated[str, typer.Argument(help="the rule, e.g. A09")],
    first_day: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="the first day")],
    last_day: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="the last day")],
    changed: Annotated[
        list[str] | None, typer.Option("--set", help="parameter=value instead of the one in force; may be repeated")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """What a rule, or a changed threshold, would have flagged, beside today's; it writes nothing."""
    from services.cli.audit import backtest_lines
    from shared.settings import read_settings

    if last_day < first_day:
        raise typer.BadParameter("--to is before --from")
    settings = read_settings(data_dir=data_dir)
    for line in backtest_lines(settings, code, first_day.date(), last_day.date(), changed or []):
        print(json.dumps(line, ensure_ascii=False, default=str))


@rollup.command("rebuild")
def rollup_rebuild(
    school: Annotated[str | None, typer.Option(help="only this school")] = None,
    data_dir: DataDir = None,
) -> None:
    """Throw away and make anew, from the facts, what reports and rules read; over the same facts nothing changes."""
    from services.cli.rollup import rebuild_rollups
    from shared.settings import read_settings

    try:
        print(json.dumps(rebuild_rollups(read_settings(data_dir=data_dir), school)))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def bench(
    what: Annotated[str, typer.Argument(help="ingest, audit, report, accuracy, feeds, soak")] = "ingest",
    schools: Annotated[
        int | None, typer.Option(min=4, help="schools of the district (350; of report 60, of accuracy 24)")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", "--days-loaded", min=0, help="days in the tables before (21; of report 95)")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="rounds, of which the median counts")] = 5,
    seed: Annotated[list[int] | None, typer.Option(help="accuracy: a simulated district's; may be repeated")] = None,
    weeks: Annotated[int, typer.Option(min=2, max=20, help="accuracy: how long each district serves")] = 12,
    minutes: Annotated[float, typer.Option(min=0.25, help="soak: how long it is at work")] = 60,
) -> None:
    """The benchmarks, one JSON object a line.

    ingest: each figure with its ratio to the limit measured in the same run. accuracy: what rules find in simulated districts.
    feeds: a thousand listeners to the stream. soak: a district's days 50 times as fast, and something killed now and then.
    """
    from services.cli.bench import UnknownBenchmark, run_bench

    try:
        for line in run_bench(
            what, schools=schools, days=days, rounds=rounds, seeds=seed or (), weeks=weeks, minutes=minutes
        ):
            print(json.dumps(line, ensure_ascii=False), flush=True)
    except (UnknownBenchmark, ValueError) as error:
        raise typer.BadParameter(str(error)) from error


def _told() -> tuple[type[Exception], ...]:
    """What an operator can mend."""
    from services.audit_worker.catalogue import RuleInvalid
    from services.cli.archive import ArchiveRefused
    from services.cli.backup import BackupFailed
    from services.cli.embedded import StateDirectoryInUse, StoreDidNotStart
    from services.cli.oneroster import RosterInvalid
    from services.cli.processes import ServiceEnded
    from services.cli.push import PushFailed
    from services.cli.receipts import ReceiptsUnreadable
    from services.cli.sources import SourceUnreadable
    from shared.migrations import SchemaMismatch
    from shared.settings import SettingsInvalid

    return (
        RuleInvalid,
        ArchiveRefused,
        BackupFailed,
        StateDirectoryInUse,
        StoreDidNotStart,
        ServiceEnded,
        PushFailed,
        ReceiptsUnreadable,
        SourceUnreadable,
        RosterInvalid,
        SchemaMismatch,
        SettingsInvalid,
    )


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """What an operator can mend is said in one line, with exit status 1."""
    try:
        yield
    except Exception as error:
        # Asked only now: to load every module that may raise one takes a second, which each command would wait.
        if not isinstance(error, _told()):
            raise
        print(f"taizhang: {error}", file=sys.stderr)
        sys.exit(1)


def main() -> None:
    """The entry point."""
    with _one_line_errors():
        app()


if __name__ == "__main__":
    main()
