"""What the exchange reads in a school's manifest: the head of the stream's hash chain, to be held in the receipt.

The file comes from outside: it is bounded, nothing but the fields below is looked at, and whatever is not a
stream's manifest is a file like any other.
"""

import hashlib
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sync.model import ChainHead

_SUFFIX = ".json"
MOST_BYTES = 4 << 20
"""Of a stream's manifest with some ten thousand gaps."""


class _Chain(Struct, frozen=True):
    head: ChainHead


class _StreamManifest(Struct, frozen=True):
    kind: Literal["stream"]
    chain: _Chain


def may_be_manifest(place: str) -> bool:
    """Whether what lies there is worth a look."""
    return place.endswith(_SUFFIX)


def chain_head_in(content: bytes, sha256: str) -> ChainHead | UnsetType:
    """The head stated in the stream's manifest that `content` (at most its first MOST_BYTES) is; else UNSET.

    So where these bytes are not all of the file `sha256`.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        return UNSET
    try:
        return msgspec.json.decode(content, type=_StreamManifest).chain.head
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UNSET
