"""How far a long command has come: one line on a terminal's stderr that rewrites itself; elsewhere nothing.

For commands that a person waits for.
"""

import sys
import time

_EVERY_S = 0.25
_CLEAR = "\r\x1b[K"


class Progress:
    """Of one item after another."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next = 0.0

    def tell(self, text: str) -> None:
        """Show `text`, but not more often than it can be read."""
        now = time.monotonic()
        if self._is_shown and now >= self._next:
            self._next = now + _EVERY_S
            sys.stderr.write(_CLEAR + text)
            sys.stderr.flush()

    def clear(self) -> None:
        """Leave the line empty for what is to be said."""
        if self._is_shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
