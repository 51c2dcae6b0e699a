"""A QR code for paper: readable from a wall, whole when a corner is torn."""

from io import BytesIO

import segno

# Dots a module: what a printer makes of fewer is blurred.
_DOTS = 6


def qr_code(address: str) -> str:
    """The address as an SVG image, error correction M, with the quiet zone that readers ask for."""
    image = BytesIO()
    segno.make_qr(address, error="m").save(image, kind="svg", border=4, xmldecl=False, svgns=True)
    return image.getvalue().decode()


def qr_picture(address: str) -> bytes:
    """The same as a PNG, for a workbook."""
    image = BytesIO()
    segno.make_qr(address, error="m").save(image, kind="png", border=4, scale=_DOTS)
    return image.getvalue()
