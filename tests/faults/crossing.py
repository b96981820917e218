"""crossing.py FOLDER MEBIBYTES : the real recorder fills a stream part to just past MEBIBYTES, a participant speaking.

Run inside the emulated machine by test_machine_file_limit.py, with tests/station on its path. Sound comes as fast as
the disk takes it; prints the day's events that tell of parts, as JSON.
"""

import json
import sys
from pathlib import Path

import days
import numpy as np
from days import Room

from exam.clock import NS_PER_S
from station import journal
from station.messages import Block
from station.session import commands as ask

PIECE = np.random.default_rng(9).integers(-9000, 9000, 1 << 22, dtype=np.int16)
"""8 MiB of noise; each piece of the stream is this, turned by its number, so that none repeats another."""
SMALL = 800


def piece(number: int, frames: int = len(PIECE)) -> bytes:
    """The sound of the piece with this number."""
    return np.roll(PIECE, number)[:frames].tobytes()


def hear(room: Room, data: bytes) -> None:
    """Post one long block; returns once the recorder has taken it."""
    frames = len(data) // 2
    room.clock.ns += frames * NS_PER_S // room.config.capture.sample_rate
    room.inbox.post(Block(room.run, room.heard, room.clock.ns, overflow=False, data=data))
    room.heard += frames
    room.handled()


def main() -> None:
    days._PATIENCE_S = 600.0  # every instruction is emulated
    folder, mebibytes = Path(sys.argv[1]), int(sys.argv[2])
    with Room(folder) as room:
        hear(room, piece(0, SMALL))
        room.do(ask.Open())
        pieces = mebibytes // 8
        for number in range(pieces):
            if number == pieces - 1:
                room.do(ask.Start(participant=1, variant="1"))
            hear(room, piece(number))
        hear(room, piece(pieces))
        room.do(ask.Stop())
        room.do(ask.Close())
        hear(room, piece(pieces + 1, SMALL))
    lines = (folder / room.folder.name / journal.FILE).read_text().splitlines()
    told = [json.loads(line) for line in lines]
    sys.stdout.write(json.dumps([event for event in told if event["type"].startswith("stream_")]))


if __name__ == "__main__":
    main()
