"""Pillow: pictures opened, page by page, in grey. Used in the child only."""

import io
from collections.abc import Iterator
from typing import IO

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from sync.scans.ink import Grey
from sync.scans.model import MAX_MEGAPIXELS, MAX_PAGES
from sync.scans.sheets import LOOKED_AT_DPI, MM_IN_INCH, Sheet, TroubleFound, long_inches
from sync.scans.sniffing import Format

_BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError,
           ZeroDivisionError, UnidentifiedImageError)  # fmt: skip
"""What Pillow raises of a damaged picture."""

_TAIL_BYTES = 64
_ENDS = {"jpeg": b"\xff\xd9", "png": b"IEND"}
_DEEP = 256  # 16 bits to 8

Image.MAX_IMAGE_PIXELS = None  # counted here, for every page, before anything is decoded


def sheets(file: IO[bytes], kind: Format) -> Iterator[Sheet]:
    """The pages. Raises TroubleFound."""
    try:
        if kind == "png":  # decoding passes over sums that are wrong, and shows what is lacking as paper or black
            Image.open(file, formats=["PNG"]).verify()
            file.seek(0)
        with Image.open(file, formats=[kind.upper()]) as picture:
            for number in range(_frames(picture, kind)):
                if number:
                    picture.seek(number)
                yield _sheet(picture, kind)
    except _BROKEN as error:
        raise TroubleFound("truncated" if _breaks_off(file, kind) else "unreadable") from error


def png(image: Grey, pixels: int) -> bytes:
    """A grey page as PNG, its longer side at most `pixels`."""
    picture = Image.fromarray(image)
    picture.thumbnail((pixels, pixels))
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def _frames(picture: Image.Image, kind: Format) -> int:
    frames = int(getattr(picture, "n_frames", 1)) if kind == "tiff" else 1  # a telephone's JPEG has previews, too
    if frames > MAX_PAGES:
        raise TroubleFound("too_many_pages", str(frames))
    return frames


def _sheet(picture: Image.Image, kind: Format) -> Sheet:
    width, height = picture.size
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise TroubleFound("too_many_pixels", str(round(width * height / 1e6)))
    longer = max(width, height)
    inches = long_inches(_told_inches(picture))
    dpi = longer / inches
    smaller = max(1, int(dpi / LOOKED_AT_DPI))
    if kind == "jpeg":
        picture.draft("L", (width // smaller, height // smaller))
    grey = _grey(picture)
    already = max(1, round(longer / max(grey.size)))
    if smaller // already > 1:
        grey = grey.reduce(smaller // already)
    return Sheet(np.asarray(grey, dtype=np.uint8), inches * MM_IN_INCH, round(dpi))


def _told_inches(picture: Image.Image) -> float | None:
    told = picture.info.get("dpi")
    try:
        return max(side / float(dpi) for side, dpi in zip(picture.size, told, strict=True)) if told else None
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _grey(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):  # Pillow would clip what has more than 8 bits
        deep = np.asarray(picture)
        return Image.fromarray(np.clip(deep // _DEEP, 0, 255).astype(np.uint8))
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        paper = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(paper, seen).convert("L")
    return picture.convert("L")


def _breaks_off(file: IO[bytes], kind: Format) -> bool:
    size = file.seek(0, io.SEEK_END)
    if kind == "tiff":
        return _ends(file, size) > size
    file.seek(max(0, size - _TAIL_BYTES))
    return _ENDS[kind] not in file.read().rstrip(b"\0")


def _ends(file: IO[bytes], size: int) -> int:
    """How many bytes a TIFF says it has, at least: up to its first table, and up to the strips that this names."""
    file.seek(0)
    head = file.read(8)
    table = int.from_bytes(head[4:8], "little" if head[:2] == b"II" else "big")
    if table >= size:
        return table + 1
    file.seek(0)
    try:
        with TiffImagePlugin.TiffImageFile(file) as picture:
            return int(max(map(sum, zip(picture.tag_v2[273], picture.tag_v2[279], strict=True))))
    except _BROKEN:
        return table
