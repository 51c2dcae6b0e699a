"""`taizhang backup`, `restore`, `verify`: the ledger kept elsewhere, brought back, and proven."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import DataDir


def backup(
    out: Annotated[Path, typer.Option(help="the backup's directory; each run adds a base backup to it")],
    follow: Annotated[bool, typer.Option("--follow", help="then keep every change, until Ctrl-C")] = False,
    data_dir: DataDir = None,
) -> None:
    """Copy the embedded stores and the attachments, and check the copy; with --follow, keep every change after it too."""
    from services.cli.backup import back_up, follow_until_asked, following
    from shared.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    if not follow:
        print(json.dumps({"base": str(back_up(settings, out))}))
        return
    with following(settings, out) as process:
        print(json.dumps({"base": str(back_up(settings, out)), "following": str(out / "wal")}), flush=True)
        follow_until_asked(process)


def restore(
    source: Annotated[Path, typer.Argument(help="the directory that `taizhang backup` wrote")],
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"], help="as it was then (UTC); else the latest"
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Bring a ledger back into a data directory that has none, as it was at an instant; then `taizhang verify`."""
    from services.cli.backup import restore as restore_stores
    from shared.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    base = restore_stores(settings, source, None if until is None else until.replace(tzinfo=UTC))
    print(json.dumps({"restored": str(settings.data_dir), "base": str(base)}))


def verify(
    school: Annotated[str | None, typer.Option(help="only this school; 'district' for what belongs to none")] = None,
    receipts: Annotated[
        Path | None, typer.Option(help="receipts, one JSON object a line, as the API gave them and push prints them")
    ] = None,
    archive: Annotated[
        list[Path] | None,
        typer.Option(help="the directory of an archived school year, to be verified too; may be repeated"),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Recompute every digest and every chain from the stored rows; exit 1 and the first broken entry if one differs.

    Entries of school years that lie in an archive are counted as archived: their records are verified with the archive at hand.
    With receipts, also say which of them the chains do not hold: what the ledger acknowledged and has no longer.
    """
    import asyncio

    from services.cli.progress import progress_bar
    from services.cli.receipts import not_held
    from services.cli.running import database_url_of
    from services.cli.verify import verify_ledger
    from shared.settings import read_settings

    with database_url_of(read_settings(data_dir=data_dir)) as database_url:
        verified = asyncio.run(verify_ledger(database_url, school, progress_bar, archive or ()))
        lost = [] if receipts is None else not_held(database_url, receipts)
    broken = [each.broken for each in verified if each.broken is not None]
    for each in broken:
        print(json.dumps({"broken": asdict(each)}, ensure_ascii=False))
    for receipt in lost:
        print(json.dumps({"not_held": asdict(receipt)}, ensure_ascii=False))
    totals = {"schools": len(verified), "entries": sum(each.entries for each in verified)}
    totals |= {"records": sum(each.records for each in verified), "archived": sum(each.archived for each in verified)}
    print(json.dumps({**totals, "broken_schools": len({each.school_id for each in broken})}))
    if broken or lost or not verified:
        raise typer.Exit(1)
