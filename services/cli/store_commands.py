"""`taizhang backup`, `restore`: the ledger kept elsewhere, and brought back."""

import json
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
