"""`taizhang keys`: the keys that sign access tokens, and their rotation."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from services.cli.options import DataDir

keys = typer.Typer(no_args_is_help=True, help="The keys that sign access tokens.")


@keys.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """The keys, the newest first, one JSON object a line."""
    from services.cli.keys import signing_keys
    from services.cli.running import database_url_of
    from shared.settings import read_settings

    with database_url_of(read_settings(data_dir=data_dir)) as database_url:
        for key in signing_keys(database_url):
            print(json.dumps(asdict(key), default=str))


@keys.command("retire")
def retire(
    kid: Annotated[str, typer.Argument(help="the key, as `keys list` names it")],
    at_once: Annotated[bool, typer.Option("--at-once", help="though its tokens may still be good: it leaked")] = False,
    data_dir: DataDir = None,
) -> None:
    """Take a key out of use once the tokens that it signed have ended."""
    from services.cli.keys import KeyInUse, retire_key
    from services.cli.running import database_url_of
    from shared.settings import read_settings

    with database_url_of(read_settings(data_dir=data_dir)) as database_url:
        try:
            print(json.dumps(asdict(retire_key(database_url, kid, at_once=at_once)), default=str))
        except (KeyInUse, ValueError) as error:
            raise typer.BadParameter(str(error)) from error
