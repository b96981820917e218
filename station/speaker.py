"""What a person hears who has walked away from the screen: texts, spoken by espeak-ng; without it the terminal's bell.

For commands a person waits for. Whether there is a loudspeaker is nobody's business: what is spoken is shown as well.
"""

import subprocess
import sys

from exam.language import say

_PATIENCE_S = 5.0
_BELL = "\a"


class Speaker:
    """Speaks one text at a time; a new one, or `hush`, cuts the one before short. A `silent` one says nothing."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._speaking: subprocess.Popen[bytes] | None = None

    def say(self, text: str) -> None:
        """Begin to speak; does not wait."""
        self.hush()
        if self._silent:
            return
        command = ["espeak-ng", "-v", say("ru", "en"), text]
        try:
            self._speaking = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError:
            if sys.stderr.isatty():
                sys.stderr.write(_BELL)
                sys.stderr.flush()

    def hush(self) -> None:
        """Nothing more is heard."""
        if self._speaking is not None:
            self._speaking.kill()
            self._speaking.wait()
            self._speaking = None

    def finish(self) -> None:
        """Let the text be spoken to its end."""
        if self._speaking is not None:
            try:
                self._speaking.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.hush()
