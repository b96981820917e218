"""A wall clock that is set while a real program runs: libfaketime before it; its other clocks stay the machine's.

Needs the package faketime (0.9.10 of Debian 12). With it a program must not call clock_nanosleep (Python's
`time.sleep`) while the clock is set back or forth: that fails.
"""

from collections.abc import Mapping
from pathlib import Path

_LIBRARY = "/usr/$LIB/faketime/libfaketimeMT.so.1"  # the dynamic linker knows what $LIB is


class WallClock:
    """The wall clock of the programs that are started with `environment`; it is right until `set`."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where the file by which it is set is kept."""
        self._file = folder / "wall_clock"
        self.set(0)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs to live by this clock; its children do as well."""
        return {
            "LD_PRELOAD": _LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",  # else a step is seen up to ten seconds late
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def set(self, ahead_s: int) -> None:
        """From now on the clock is ahead of the true time by so many seconds; behind it by a negative number."""
        following = self._file.with_suffix(".new")
        following.write_text(f"{ahead_s:+d}", encoding="ascii")
        following.replace(self._file)
