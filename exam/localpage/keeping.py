"""The sessions of before: kept beside the program's socket, hashed, over its restart."""

import contextlib
from pathlib import Path

import msgspec

from exam import durable
from exam.localpage.access import Sessions


def keep(path: Path, sessions: Sessions) -> None:
    """So that an open page outlives a restart of the program; the folder goes with the computer's restart."""
    with contextlib.suppress(OSError):
        durable.rewrite(path, msgspec.json.encode(sessions.hashes), mode=0o600)


def kept(path: Path) -> Sessions:
    """The sessions of before."""
    try:
        return Sessions(msgspec.json.decode(path.read_bytes(), type=list[str]))
    except (OSError, msgspec.MsgspecError):
        return Sessions()
