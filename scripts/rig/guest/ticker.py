"""ticker.py FILE STATUS... : notes again and again how many frames each sound card has played; ALSA's own count.

FILE lies on the computer that emulates this one: what it holds when the power goes, and its time of change there,
tell what was being played. Standard library only.
"""

import os
import re
import sys
import time
from pathlib import Path

EVERY_S = 0.1
PLAYED = re.compile(r"hw_ptr\s*: (\d+)")


def played(status: Path) -> int:
    """Frames, 0 while nothing is being played."""
    found = PLAYED.search(status.read_text())
    return int(found[1]) if found else 0


def main() -> None:
    file, *cards = sys.argv[1:]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    while True:
        line = " ".join(f"{played(Path(card)):012d}" for card in cards)
        os.pwrite(descriptor, line.encode(), 0)
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main()
