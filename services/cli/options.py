"""Options that many commands take."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="where the embedded stores and the key live (TAIZHANG_DATA_DIR, ./var)"),
]
