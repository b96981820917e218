"""The verdict on sound that is finished: a master, or blocks of whatever was decoded; read block by block.

The daemon runs it as a child process of low priority, `python -m station.judging MASTER`, which reads the Case as JSON
from its input and prints the Verdict as JSON: no analysis ever touches a tape.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from exam.audio import AudioFormat
from exam.errors import ExamError
from station.audibility.analyser import Analyser
from station.audibility.case import Case
from station.audibility.detector import Detector
from station.audibility.findings import Verdict
from station.audibility.track import Track
from station.audibility.verdict import judge
from station.tape import TapeReader

_NICENESS = 10


def track_of(blocks: Iterable[bytes], shape: AudioFormat) -> Track:
    """The features of 16-bit sound that comes in blocks of whole frames."""
    analyser = Analyser(shape, Detector(shape.sample_rate))
    for block in blocks:
        analyser.feed(np.frombuffer(block, "<i2").reshape(-1, shape.channels))
    return analyser.track()


def judge_master(master: Path, case: Case) -> Verdict:
    """Raises Rejected when it is no master of ours, OSError as the disk does."""
    with TapeReader(master) as reader:
        return judge(track_of(reader.blocks(0, reader.frames), reader.shape), case)


def main(arguments: list[str]) -> int:
    """Judge as told; one line on stderr and exit 1 when it cannot be done."""
    os.nice(_NICENESS)
    if len(arguments) != 1:
        sys.stderr.write("python -m station.judging MASTER < CASE\n")
        return 2
    try:
        case = msgspec.json.decode(sys.stdin.buffer.read(), type=Case)
        verdict = judge_master(Path(arguments[0]), case)
    except (ExamError, OSError, msgspec.DecodeError) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(verdict) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
