"""Where an exchange was last served, and the certificate it showed: what an invitation has to tell.

`serve` notes it, the commands that invite read it.
"""

import msgspec
from msgspec import Struct

from exam import durable
from sync.exchange.yard import Yard


class Listening(Struct, frozen=True):
    """`host` as it was given to `serve`; `fingerprint`: the certificate's SHA-256 (hex), None without encryption."""

    host: str
    port: int
    fingerprint: str | None = None


def note(yard: Yard, found: Listening) -> None:
    """Remember it durably. Raises OSError."""
    if known(yard) != found:
        durable.rewrite(yard.listening, msgspec.json.encode(found) + b"\n")


def known(yard: Yard) -> Listening | None:
    """As last noted; None when it never was, or cannot be read."""
    try:
        return msgspec.json.decode(yard.listening.read_bytes(), type=Listening)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
