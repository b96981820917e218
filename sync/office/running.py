"""What takes long or writes files is done by a command of `station-sync`, as a child: the page says what it printed.

So a page does exactly what the command line does, and ends nothing of this process when it fails.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from exam.errors import Rejected
from exam.language import VARIABLE
from exam.localpage.refusal import Refused

_PATIENCE_S = 1800.0
_LINES = 200


class Commands:
    """`station-sync` with the configuration `file`; one at a time, as most of them read or write a drive."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._turn = asyncio.Lock()

    async def run(self, words: Sequence[str], language: str) -> list[str]:
        """The lines it printed. Raises Refused while another one runs, Rejected with its last words when it fails."""
        if self._turn.locked():
            raise Refused(
                409,
                "busy",
                "Предыдущее дело ещё идёт. Дождитесь его конца.",
                "What was begun before still goes on. Wait until it ends.",
            )
        async with self._turn:
            code, out, err = await self._ran(words, language)
        if code != 0:
            line = (err.strip() or out.strip()).rsplit("\n", 1)[-1]
            raise Rejected(line, line, code="command_failed")
        return [line for line in (out + err).splitlines() if line.strip()][:_LINES]

    async def _ran(self, words: Sequence[str], language: str) -> tuple[int, str, str]:
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
        return child.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace")


def word(text: str) -> str:
    """A person's word as an argument of its own. Raises Refused where it would be taken for an option."""
    if not text.strip() or text.startswith("-"):
        raise Refused(409, "bad_word", f"«{text}» не годится.", f"“{text}” cannot be.")
    return text.strip()
