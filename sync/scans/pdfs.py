"""PDFium: PDF files opened, page by page, in grey. Used in the child only."""

import io
import math
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import pypdfium2
from pypdfium2 import raw

from sync.scans.model import MAX_MEGAPIXELS, MAX_PAGES
from sync.scans.sheets import LOOKED_AT_DPI, MM_IN_INCH, Sheet, TroubleFound, long_inches

_TAIL_BYTES = 2048
_POINTS = 72.0  # to an inch
_MOST_PIXELS = 12_000_000  # of a page as it is drawn; an A3 has 8 at 200 dpi
_LEAST_SHARE = 0.1  # of the page: smaller pictures are stamps and emblems, not the scan
_DEPTH = 4  # of forms within forms, where scanning programs put pictures


def sheets(file: IO[bytes]) -> Iterator[Sheet]:
    """The pages. Raises TroubleFound."""
    if _breaks_off(file):
        raise TroubleFound("truncated")
    file.seek(0)
    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        is_locked = error.err_code == raw.FPDF_ERR_PASSWORD
        raise TroubleFound("encrypted" if is_locked else "unreadable") from error
    try:
        if not 0 < len(document) <= MAX_PAGES:
            raise TroubleFound("too_many_pages", str(len(document))) if len(document) else TroubleFound("unreadable")
        for number in range(len(document)):
            page = document[number]
            yield _sheet(page)
            page.close()
    except pypdfium2.PdfiumError as error:
        raise TroubleFound("unreadable") from error
    finally:
        document.close()


def _sheet(page: Any) -> Sheet:
    width, height = page.get_size()
    if not (width > 0 and height > 0 and math.isfinite(width * height)):
        raise TroubleFound("unreadable")
    told = max(width, height) / _POINTS
    inches = long_inches(told)
    dpi = _scanned_dpi(page, width * height)
    scale = min(LOOKED_AT_DPI * inches / told / _POINTS, math.sqrt(_MOST_PIXELS / (width * height)))
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    image = np.array(bitmap.to_numpy(), dtype=np.uint8)
    bitmap.close()
    image = image.reshape(image.shape[:2])
    return Sheet(image, inches * MM_IN_INCH, None if dpi is None else round(dpi * told / inches))


def _scanned_dpi(page: Any, area: float) -> float | None:
    """Of the best picture that covers much of the page; None where there is none. Raises TroubleFound."""
    best = None
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEPTH):
        pixels = math.prod(picture.get_px_size())
        if pixels > MAX_MEGAPIXELS * 1_000_000:
            raise TroubleFound("too_many_pixels", str(round(pixels / 1e6)))
        left, bottom, right, top = picture.get_bounds()
        covered = (right - left) * (top - bottom)
        if covered >= _LEAST_SHARE * area > 0:
            best = max(best or 0.0, math.sqrt(pixels / covered) * _POINTS)
    return best


def _breaks_off(file: IO[bytes]) -> bool:
    """Whether the mark at the end is lacking; zeros after it are a disk's, before it a copy's that was cut off."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    return b"%%EOF" not in file.read()
