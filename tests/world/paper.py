"""Reads sheets back as a stranger would: the words of a PDF, its fonts, the code on it; the cells of a workbook."""

import ctypes
import struct
import zlib
from io import BytesIO
from zipfile import ZipFile

import pypdfium2
import pypdfium2.raw as pdfium
import zxingcpp
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet


def pages_of(pdf: bytes) -> list[str]:
    """Each page's words."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]


def size_of(pdf: bytes) -> tuple[int, int]:
    """Width and height of the first page in points."""
    with pypdfium2.PdfDocument(pdf) as document:
        width, height = document[0].get_size()
        return round(width), round(height)


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """The fonts that text is set in, and whether each is inside the file."""
    found = {}
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            for each in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_TEXT,)):
                font = pdfium.FPDFTextObj_GetFont(each.raw)
                name = ctypes.create_string_buffer(128)
                pdfium.FPDFFont_GetBaseFontName(font, name, 128)
                found[name.value.decode()] = pdfium.FPDFFont_GetIsEmbedded(font) == 1
    return found


def code_of(pdf: bytes) -> str:
    """What a telephone reads on the first page."""
    with pypdfium2.PdfDocument(pdf) as document:
        bitmap = document[0].render(scale=3, grayscale=True)
        pixels = memoryview(bytes(bitmap.buffer)).cast("B", shape=[bitmap.height, bitmap.stride])
        (code,) = zxingcpp.read_barcodes(pixels)
        return str(code.text)


def code_in(xlsx: bytes) -> str:
    """What a telephone reads off a workbook's picture: one bit a dot, as our pictures are."""
    with ZipFile(BytesIO(xlsx)) as package:
        (name,) = [each for each in package.namelist() if each.startswith("xl/media/")]
        png = package.read(name)
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (1, 0)
    packed, place = b"", 8
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        packed += png[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    stride = (width + 7) // 8 + 1
    unpacked, above, pixels = zlib.decompress(packed), bytes(stride - 1), b""
    for place in range(0, len(unpacked), stride):
        how, line = unpacked[place], unpacked[place + 1 : place + stride]
        # As it is, or what it is more than the line above.
        assert how in {0, 2}
        above = line if how == 0 else bytes((one + other) % 256 for one, other in zip(line, above, strict=True))
        pixels += bytes(255 * (above[x // 8] >> (7 - x % 8) & 1) for x in range(width))
    (code,) = zxingcpp.read_barcodes(memoryview(pixels).cast("B", shape=[height, width]))
    return str(code.text)


def workbook(xlsx: bytes) -> Workbook:
    """As openpyxl reads it."""
    return load_workbook(BytesIO(xlsx))


def table_of(sheet: Worksheet) -> list[dict[str, object]]:
    """The lines below the frozen header, totals with them, by the header's words."""
    header = int(str(sheet.freeze_panes)[1:]) - 1
    names = [cell.value for cell in sheet[header]]
    rows = []
    for row in sheet.iter_rows(min_row=header + 1):
        if not any(cell.border.left.style for cell in row):
            break
        rows.append(dict(zip(names, (cell.value for cell in row), strict=True)))
    return rows
