"""What is remembered of deletions: one line before each unlink, and a signed record of the whole. Pure.

A deletion is one signed record; a call that was cut short is the same deletion as the one that ends it.
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct, structs

from sync.plan import Reason
from sync.retention.judging import Lying, Proof

SCHEMA = 1


class Deleting(Struct, frozen=True, tag_field="event", tag="deleting"):
    """The file is about to be unlinked. `number`: of the deletion; `dated`: the exam's day; `size` in bytes."""

    number: int
    at: datetime
    by: str
    folder: str
    path: str
    size: int
    sha256: str
    dated: date
    proofs: tuple[Proof, ...]

    @property
    def file(self) -> Lying:
        return Lying(folder=self.folder, path=self.path, size=self.size, dated=self.dated, sha256=self.sha256)


class Signed(Struct, frozen=True, tag_field="event", tag="signed"):
    """The deletion is complete and signed for in `file`."""

    number: int
    at: datetime
    file: str


Event = Deleting | Signed


class Kept(Struct, frozen=True):
    """A file that was to be deleted and still lies there, and why."""

    path: str
    sha256: str
    reason: Reason


class Gone(Struct, frozen=True):
    """A file that was deleted, and on what proof. `size` in bytes; `at`: noted just before it was unlinked."""

    path: str
    size: int
    sha256: str
    dated: date
    at: datetime
    by: str
    proofs: tuple[Proof, ...]


class DeletionRecord(Struct, frozen=True, kw_only=True):
    """A deletion, for good. `key`: this installation's public key, base64; `signature`: Ed25519 by it over the
    canonical JSON (sorted keys, no spaces) of the record with `signature` null; `term`: what `[retention]` said."""

    schema: int = SCHEMA
    kind: Literal["deletion"] = "deletion"
    school: str
    number: int
    begun_at: datetime
    ended_at: datetime
    term: Mapping[str, str | int | None]
    files: tuple[Gone, ...]
    kept: tuple[Kept, ...]
    key: str = ""
    signature: str | None = None

    def signed_by(self, key: Ed25519PrivateKey) -> "DeletionRecord":
        public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        unsigned = structs.replace(self, key=public, signature=None)
        return structs.replace(unsigned, signature=base64.b64encode(key.sign(_canonical(unsigned))).decode())

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is there and right."""
        try:
            key.verify(base64.b64decode(self.signature or "", validate=True), _canonical(self))
        except (InvalidSignature, ValueError):
            return False
        return True


class Begun(Struct, frozen=True):
    """A deletion that is not signed for yet: what was noted, the last line of each file."""

    number: int
    lines: tuple[Deleting, ...]


def unfinished(events: Iterable[Event]) -> Begun | None:
    """The deletion that was cut short, if any."""
    found: dict[int, dict[tuple[str, str, str], Deleting]] = {}
    for event in events:
        if isinstance(event, Signed):
            found.pop(event.number, None)
        else:
            found.setdefault(event.number, {})[event.folder, event.path, event.sha256] = event
    if not found:
        return None
    number = max(found)
    return Begun(number, tuple(found[number].values()))


def next_number(events: Iterable[Event]) -> int:
    """The number of the next deletion."""
    return max((event.number for event in events), default=0) + 1


def _canonical(record: DeletionRecord) -> bytes:
    return msgspec.json.encode(structs.replace(record, signature=None), order="sorted")
