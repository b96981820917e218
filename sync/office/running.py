"""What takes long or writes files is done by a command of `station-sync`, as a child: the page says what it printed.

So a page does exactly what the command line does, and ends nothing of this process when it fails.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from exam.errors import Rejected
from exam.language import VARIABLE
from exam.localpage.refusal import Refused

_PATIENCE_S = 1800.0
_LINES = 200


class Ran(Struct, frozen=True):
    """`lines`: what it printed, its complaints last."""

    is_done: bool
    lines: list[str]


class Commands:
    """`station-sync` with the configuration `file`; one at a time, as most of them read or write a drive."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._turn = asyncio.Lock()

    async def run(self, words: Sequence[str], language: str) -> list[str]:
        """The lines it printed. Raises Refused as `ran` does, Rejected with its last words when it fails."""
        ran = await self.ran(words, language)
        if not ran.is_done:
            line = ran.lines[-1] if ran.lines else ""
            raise Rejected(line, line, code="command_failed")
        return ran.lines

    async def ran(self, words: Sequence[str], language: str) -> Ran:
        """What came of it, good or bad. Raises Refused while another one runs."""
        if self._turn.locked():
            raise Refused(
                409,
                "busy",
                "Предыдущее дело ещё идёт. Дождитесь его конца.",
                "What was begun before still goes on. Wait until it ends.",
            )
        async with self._turn:
            return await self._ran(words, language)

    async def _ran(self, words: Sequence[str], language: str) -> Ran:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sync.cli", *words, "--config", str(self._file),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=os.environ | {VARIABLE: language},
        )  # fmt: skip
        try:
            async with asyncio.timeout(_PATIENCE_S):
                out, err = await child.communicate()
        finally:
            with suppress(ProcessLookupError):
                child.kill()
        lines = (out + err).decode(errors="replace").splitlines()
        return Ran(child.returncode == 0, [line for line in lines if line.strip()][:_LINES])


def word(text: str) -> str:
    """A person's word as an argument of its own. Raises Refused where it would be taken for an option."""
    if not text.strip() or text.startswith("-"):
        raise Refused(409, "bad_word", f"«{text}» не годится.", f"“{text}” cannot be.")
    return text.strip()
