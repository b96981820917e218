"""What there is of scans now. Reads the folder, never writes there; opens each file once, however often it is asked.

`look` is called by everything that needs to know; the agent calls it beforehand, so that pages need not wait.
"""

import os
import time
from collections.abc import Callable, Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Self

from msgspec import structs

from exam import fixity, oswords
from exam.roster import Roster
from sync.config import Config
from sync.scans import finding, seen, sniffing
from sync.scans.assigning import Day, assign
from sync.scans.decisions import Decisions
from sync.scans.finding import Candidate
from sync.scans.model import File, Scans, Trouble, Verdict
from sync.scans.opening import Opener, opened
from sync.scans.seen import Known

_SAVED_EVERY_S = 5.0


def look(
    config: Config,
    roster: Roster,
    *,
    exam_date: date | None = None,
    seconds: float | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Scans:
    """What there is of scans, and whose they are. `exam_date`: the day they are held against, else the configured one.

    `seconds`: go on opening new files for about so long (0: open none, None: open all); what is left, and what is still
    being copied, is in `waiting`. `stopped`: asked between two files. Raises OSError when the decisions cannot be read
    or no file can be opened for want of processes.
    """
    until = None if seconds is None else time.monotonic() + seconds
    found = finding.find(config.scans)
    files, waiting = list(found.wrong), [one.file for one in found.candidates if not one.is_settled]
    settled = [one for one in found.candidates if one.is_settled]
    with _Looking(config, seen.load(config.state)) as looking:
        for one in settled:
            before = looking.known(one)
            if before is None and not stopped() and (until is None or time.monotonic() < until):
                before = looking.open(one)
            if before is None:
                waiting.append(one.file)
            else:
                files.append(File(one.file, before.sha256, before.size, before.verdict))
        looking.forget_others({one.file for one in found.candidates})
    decisions = Decisions(config.state).standing()
    return structs.replace(
        assign(files, decisions, Day(config.school, exam_date or config.exam.date, roster)),
        waiting=tuple(sorted(waiting)),
    )


class _Looking:
    """One look under way: a child to open files with, and what is remembered. A context manager."""

    def __init__(self, config: Config, known: Mapping[str, Known]) -> None:
        self._folder, self._state = config.scans, config.state
        self._known = dict(known)
        self._contents = {(one.sha256, one.suffix): one.verdict for one in known.values()}
        self._opener = Opener()
        self._is_changed = False
        self._saved_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opener.close()
        if self._is_changed:
            seen.save(self._state, self._known)

    def known(self, one: Candidate) -> Known | None:
        """What was found before, if the file is as it was."""
        before = self._known.get(one.file)
        return before if before is not None and before.fingerprint == one.fingerprint else None

    def open(self, one: Candidate) -> Known | None:
        """What is in the file; None when it changed meanwhile, or could not be opened just now. Raises OSError when no
        child can be started."""
        path = self._folder / one.file
        try:
            sha256, head = _content(path, one)
        except OSError as error:
            suffix = sniffing.suffix(one.file)
            return Known(one.fingerprint, "", one.size, suffix, Trouble("no_access", oswords.shown(error)))
        verdict = self._verdict(path, one, sha256, head) if sha256 else None
        if verdict is None or _fingerprint(path) != one.fingerprint:
            return None
        known = Known(one.fingerprint, sha256, one.size, sniffing.suffix(one.file), verdict)
        self._remember(one.file, known)
        return known

    def forget_others(self, places: Collection[str]) -> None:
        """What is no longer there need not be remembered."""
        for place in set(self._known) - set(places):
            del self._known[place]
            self._is_changed = True

    def _verdict(self, path: Path, one: Candidate, sha256: str, head: bytes) -> Verdict | None:
        sniffed = sniffing.judged(one.file, head)
        if isinstance(sniffed, Trouble):
            return sniffed
        same = self._contents.get((sha256, sniffing.suffix(one.file)))
        return same or self._opener.look(path, sniffed)

    def _remember(self, place: str, known: Known) -> None:
        self._known[place] = known
        self._contents[known.sha256, known.suffix] = known.verdict
        self._is_changed = True
        if time.monotonic() - self._saved_at > _SAVED_EVERY_S:
            seen.save(self._state, self._known)
            self._saved_at, self._is_changed = time.monotonic(), False


def _content(path: Path, one: Candidate) -> tuple[str, bytes]:
    """SHA-256 and first bytes; no SHA-256 when it is not the file that was seen. Raises OSError."""
    with opened(path) as file:
        if finding.fingerprint(os.fstat(file.fileno())) != one.fingerprint:
            return "", b""
        head = file.read(sniffing.HEAD_BYTES)
        return fixity.sha256_of(file), head


def _fingerprint(path: Path) -> str:
    try:
        return finding.fingerprint(path.lstat())
    except OSError:
        return ""
