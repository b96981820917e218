"""The process in which scans are opened: little memory, little time, no writing. `python -m sync.scans.child`.

Run by `sync.scans.opening` alone: one question a line on its input, one answer a line on its output. A file that
breaks a library here breaks nothing else.
"""

import os
import resource
import sys
from collections.abc import Iterator

import msgspec

from exam import oswords
from sync.scans import barcodes, ink, pdfs, pictures
from sync.scans.model import Opened, Page, Trouble
from sync.scans.sheets import Answer, Asked, Picture, Sheet, Show, TroubleFound

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 60


def main() -> None:
    """Answer until the input ends."""
    for what, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (most, most))
    decoder = msgspec.json.Decoder[Asked](Asked)
    for line in sys.stdin.buffer:
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        answer = _answer(decoder.decode(line))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


def _answer(asked: Asked) -> Answer:
    try:
        sheets = _sheets(asked)
        if isinstance(asked, Show):
            return Picture(pictures.png(next(sheets).image, asked.pixels))
        return Opened(tuple(_page(sheet) for sheet in sheets))
    except TroubleFound as found:
        return found.trouble
    except MemoryError:
        return Trouble("too_heavy")


def _sheets(asked: Asked) -> Iterator[Sheet]:
    try:
        descriptor = os.open(asked.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise TroubleFound("no_access", oswords.shown(error)) from error
    with os.fdopen(descriptor, "rb") as file:
        yield from pdfs.sheets(file) if asked.format == "pdf" else pictures.sheets(file, asked.format)


def _page(sheet: Sheet) -> Page:
    blank = ink.is_blank(sheet.image, sheet.long_side_mm)
    return Page(sheet.dpi, blank, () if blank else tuple(barcodes.read(sheet.image)))


if __name__ == "__main__":
    main()
