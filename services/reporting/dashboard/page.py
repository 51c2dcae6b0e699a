"""`/`: the dashboard. Static files that ask the API for everything, with the reader's own token."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter(tags=["dashboard"], include_in_schema=False)

_FOLDER = Path(__file__).parent
# Nothing from elsewhere, nothing inline; the token never leaves for another host.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@router.get("/")
async def show_page() -> FileResponse:
    """The page itself."""
    return FileResponse(_FOLDER / "index.html", headers=HEADERS)


@router.get("/dashboard/app.js")
async def send_script() -> FileResponse:
    """What it does."""
    return FileResponse(_FOLDER / "app.js", headers=HEADERS)


@router.get("/dashboard/style.css")
async def send_style() -> FileResponse:
    """How it looks."""
    return FileResponse(_FOLDER / "style.css", headers=HEADERS)
