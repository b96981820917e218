"""What a page has begun and waits for: commands of `station`, each a child process, told to all pages as they go on.

One of each kind at a time. They live with this process and end with it; what they do is safe to cut short, as the
commands themselves are.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from exam.language import VARIABLE
from exam.localpage.refusal import Refused

Kind = Literal["rehearse", "verify", "export", "import"]
State = Literal["running", "ending", "done", "failed", "cancelled"]
_LEAVE_S = 20.0
_LINE_BYTES = 1 << 20
_LISTED = 50
_ENDING = ("env", "--default-signal=INT", "setpriv", "--pdeathsig", "INT")
"""A terminal's signal is for the station, not for this process, which passes that on; the commands heed it."""


def _nothing() -> None:
    """Nothing is to be done after it."""


class Job(Struct, frozen=True):
    """`state`: one that is asked to end is `ending` until it has.

    `progress`: as the command tells it; `said`: its last other words; `result`: what it answered, in short.

    `about`: what it is about, in the page's words.
    """

    kind: Kind
    state: State
    began_at: datetime
    about: str = ""
    progress: Mapping[str, Any] | None = None
    said: str = ""
    result: Mapping[str, Any] | None = None


class _Told(Struct):
    progress: dict[str, Any]


class Jobs:
    """`tell` is given all of them whenever one has changed."""

    def __init__(self, config: Path, now: Callable[[], datetime], tell: Callable[[Sequence[Job]], None]) -> None:
        self._config, self._now, self._tell = config, now, tell
        self._jobs: dict[Kind, Job] = {}
        self._children: dict[Kind, asyncio.subprocess.Process] = {}
        self._tasks: dict[Kind, asyncio.Task[None]] = {}

    def check_free(self, kind: Kind) -> None:
        """Raises Refused while one of the kind runs."""
        if kind in self._tasks and not self._tasks[kind].done():
            raise Refused(
                409, "busy", "Это уже выполняется. Дождитесь конца или прервите.", "It runs already. Wait or cancel it."
            )

    def begin(
        self, kind: Kind, words: Sequence[str], language: str, *, about: str = "", then: Callable[[], None] = _nothing
    ) -> None:
        """Run `station` with these words; `then` afterwards, however it ended. Raises Refused as `check_free`."""
        self.check_free(kind)
        self._put(Job(kind, "running", self._now(), about))
        self._tasks[kind] = asyncio.create_task(self._run(kind, words, language, then))

    def cancel(self, kind: Kind) -> None:
        """Ask it to end; it tidies up first."""
        child = self._children.get(kind)
        if child is None or child.returncode is not None:
            raise Refused(409, "not_running", "Это уже закончилось.", "It has ended already.")
        self._put(replace(self._jobs[kind], state="ending"))
        child.send_signal(signal.SIGINT)
        asyncio.get_running_loop().call_later(_LEAVE_S, _kill, child)

    async def _run(self, kind: Kind, words: Sequence[str], language: str, then: Callable[[], None]) -> None:
        try:
            child = self._children[kind] = await started(self._config, words, language)
            assert child.stdout is not None  # noqa: S101 - both are pipes
            assert child.stderr is not None  # noqa: S101
            answer, _ = await asyncio.gather(child.stdout.read(), self._follow(kind, child.stderr))
            self._ended(kind, await child.wait(), answer)
        except OSError as error:  # no memory, no processes
            self._put(replace(self._jobs[kind], state="failed", said=str(error)))
        finally:
            then()

    async def _follow(self, kind: Kind, words: asyncio.StreamReader) -> None:
        """Progress, and the last line of anything else."""
        async for line in words:
            text = line.decode(errors="replace").strip()
            try:
                progress = msgspec.json.decode(text, type=_Told).progress
            except msgspec.MsgspecError:
                if text:
                    self._put(replace(self._jobs[kind], said=text))
            else:
                self._put(replace(self._jobs[kind], progress=progress))

    def _ended(self, kind: Kind, code: int, answer: bytes) -> None:
        job = self._jobs[kind]
        result: Mapping[str, Any] | None = None
        if kind == "import":  # what it says of a damaged file is for people
            result = {"lines": answer.decode(errors="replace").splitlines()[-_LISTED:]}
        else:
            with contextlib.suppress(msgspec.MsgspecError):
                result = _brief(kind, msgspec.json.decode(answer, type=dict[str, Any]))
        state: State = "done" if code == 0 else "cancelled" if job.state == "ending" else "failed"
        self._put(replace(job, state=state, result=result, said="" if code == 0 else job.said, progress=None))

    def _put(self, job: Job) -> None:
        self._jobs[job.kind] = job
        self._tell(tuple(self._jobs.values()))


async def started(config: Path, words: Sequence[str], language: str) -> asyncio.subprocess.Process:
    """A command of `station` that ends, in order, when this process does."""
    command = [*_ENDING, sys.executable, "-m", "station.cli", *words, "--config", str(config)]
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {VARIABLE: language},
        limit=_LINE_BYTES,
    )


def _brief(kind: Kind, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the page shows of an answer: pages are sent it again and again."""
    if kind == "export":
        copied, equal = told["copied"], told["equal"]
        kept = {name: told[name] for name in ("ok", "folder", "inventory", "same_disk")}
        named = {name: told[name][:_LISTED] for name in ("left", "too_large", "put_by")}
        size = sum(file["size"] for file in copied)
        return {**kept, **named, "copied": len(copied), "equal": len(equal), "bytes": size}
    if kind == "verify":
        kept = {name: told[name] for name in ("ok", "recordings")}
        return {**kept, "breaches": told["breaches"][:_LISTED], "notes": told["notes"][:_LISTED]}
    return {}


def _kill(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
