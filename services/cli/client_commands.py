"""`taizhang clients`: programs that may sign in, and links for the people who act as them."""

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from services.cli.options import DataDir

clients = typer.Typer(no_args_is_help=True, help="Programs that may sign in, and people who act as them.")


class Kind(StrEnum):
    """Kinds of clients."""

    school = "school"
    centre = "centre"
    bureau = "bureau"
    auditor = "auditor"
    sandbox = "sandbox"


class StageName(StrEnum):
    """Stages of schools."""

    primary = "primary"
    junior = "junior"


@clients.command("create")
def create(
    kind: Annotated[Kind, typer.Option(help="who it is")],
    school: Annotated[list[str] | None, typer.Option(help="a school it speaks for; may be repeated")] = None,
    stage: Annotated[StageName | None, typer.Option(help="the stage of a centre")] = None,
    name: Annotated[str | None, typer.Option(help="a name for people")] = None,
    data_dir: DataDir = None,
) -> None:
    """Print one JSON object with client_id and client_secret (shown once)."""
    from services.cli.clients import create_client
    from services.cli.running import database_url_of
    from shared.settings import read_settings

    with database_url_of(read_settings(data_dir=data_dir)) as database_url:
        try:
            client = create_client(
                database_url,
                kind=kind.value,
                schools=school or [],
                stage=stage.value if stage else None,
                name=name,
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    print(json.dumps(asdict(client)))


@clients.command("link")
def link(client_id: Annotated[str, typer.Argument(help="whom the person acts as")], data_dir: DataDir = None) -> None:
    """Print a link that opens the page signed in as this client: good once, for ten minutes."""
    from services.cli.clients import make_link
    from services.cli.running import database_url_of
    from shared.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    with database_url_of(settings) as database_url:
        try:
            code = make_link(database_url, client_id)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    print(f"{settings.reporting_url or f'http://{settings.bind}:{settings.reporting_port}'}/#code={code}")
