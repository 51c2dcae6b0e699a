"""`taizhang archive`: old school years out of the database into files, and back."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import DataDir

archive = typer.Typer(no_args_is_help=True, help="Old school years as files, out of the database and back.")


@archive.command()
def take(
    year: Annotated[int, typer.Argument(min=2000, max=2100, help="the school year, by the year in which it begins")],
    out: Annotated[Path, typer.Option(help="the archive's directory; the year gets one of its own in it")],
    data_dir: DataDir = None,
) -> None:
    """Write a school year's sessions and rolls to files, read them back, and take the year out of the database."""
    from services.cli.archive import archive_year, read_manifest
    from services.cli.running import database_url_of
    from shared.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    with database_url_of(settings) as database_url:
        place = archive_year(
            database_url, year, out, retention_years=settings.retention_years, today=datetime.now(UTC).date()
        )
    rows = {name: table.rows for name, table in read_manifest(place).tables.items()}
    print(json.dumps({"archived": str(place), **rows}))


@archive.command("bring-back")
def back(
    place: Annotated[Path, typer.Argument(help="the directory of the year that `taizhang archive take` wrote")],
    data_dir: DataDir = None,
) -> None:
    """Put an archived school year back into the database, held against its manifest and the district's chain."""
    from services.cli.archive import bring_back
    from services.cli.running import database_url_of
    from shared.settings import read_settings

    with database_url_of(read_settings(data_dir=data_dir)) as database_url:
        rows = bring_back(database_url, place)
    print(json.dumps({"brought_back": str(place), "rows": rows}))
