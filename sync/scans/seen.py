"""What was found in files that were opened before, so that each is opened once; below the agent's state.

Only a convenience: lost or out of date, files are opened again.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from exam import durable
from sync.scans.model import Verdict

FILE = "scans/seen.json"
_RULES = 1
"""Raised whenever files are judged otherwise than before."""


class Known(Struct, frozen=True):
    """A file when it was looked at. `fingerprint` changes when the file does; `suffix`: what its name said it was."""

    fingerprint: str
    sha256: str
    size: int
    suffix: str
    verdict: Verdict


class _Seen(Struct):
    rules: int
    files: dict[str, Known]


def load(state: Path) -> Mapping[str, Known]:
    """What is known of each file, by its place; nothing where that cannot be read."""
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        seen = msgspec.json.decode((state / FILE).read_bytes(), type=_Seen)
        if seen.rules == _RULES:
            return seen.files
    return {}


def save(state: Path, files: Mapping[str, Known]) -> None:
    """Remember. What cannot be written is looked at again the next time."""
    with contextlib.suppress(OSError):
        durable.make_folder((state / FILE).parent, mode=0o700)
        durable.rewrite(state / FILE, msgspec.json.encode(_Seen(_RULES, dict(files))), mode=0o600)
