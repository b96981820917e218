"""What the exchange reads in a school's manifest: the head of the stream's hash chain, to be held in the receipt.

The file comes from outside: it is bounded, nothing but the fields below is looked at, and whatever is not a
stream's manifest is a file like any other.
"""

import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sync.model import ChainHead

_SUFFIX = ".json"
_MAX_BYTES = 4 << 20  # a stream's manifest with some ten thousand gaps


class _Chain(Struct, frozen=True):
    head: ChainHead


class _StreamManifest(Struct, frozen=True):
    kind: Literal["stream"]
    chain: _Chain


def chain_head_in(path: Path, sha256: str) -> ChainHead | UnsetType:
    """The head stated in the stream's manifest at `path`, if these bytes, of that SHA-256, are one; else UNSET.

    Raises OSError as the disk does.
    """
    if not path.name.endswith(_SUFFIX):
        return UNSET
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES or hashlib.sha256(content).hexdigest() != sha256:
        return UNSET
    try:
        return msgspec.json.decode(content, type=_StreamManifest).chain.head
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UNSET
