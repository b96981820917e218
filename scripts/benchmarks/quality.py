"""How well voices and faults are found, in speech and noise that the code was not tuned on: a table of goals.

    python -m benchmarks.quality [SECTION ...]

Exits 1 when a goal is missed. Each section is a module of its own that yields rows.
"""

import sys
import time
from collections.abc import Sequence

from benchmarks import quality_faults, quality_voices
from benchmarks.goals import Row, Section

SECTIONS: dict[str, Section] = {"voices": quality_voices.rows, "faults": quality_faults.rows}
_SAID = {True: "yes", False: "NO", None: ""}
_LINE = "{:<52} {:>14} {:>16} {:>18} {:>4}"


def main(names: Sequence[str] = ()) -> int:
    print(_LINE.format("", "goal", "reached", "webrtcvad alone", ""))
    missed = 0
    for name in names or SECTIONS:
        began = time.process_time()
        for row in SECTIONS[name]():
            print(_line(row), flush=True)
            missed += row.holds is False
        print(f"-- {name}: {time.process_time() - began:.0f} CPU s", flush=True)
    return int(missed > 0)


def _line(row: Row) -> str:
    return _LINE.format(row.what, row.goal, row.reached, row.beside, _SAID[row.holds])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
