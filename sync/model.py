"""What travels and what proves its arrival: receipts, and the states of an item on its way."""

import base64
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import UNSET, Meta, Struct, UnsetType

Tier = Literal["hub", "centre", "folder"]
"""Who holds the bytes: the school's headquarters, the regional centre, or a folder. Never taken for each other."""

Method = Literal["server-hash", "read-back"]
"""Who recomputed the SHA-256 from the stored bytes: the server, or we, reading them back."""


ChainHead = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""The head of a stream's hash chain."""


KEY_BYTES = 32
"""An Ed25519 public key."""


class Receipt(Struct, frozen=True):
    """Proof of arrival: `sha256` and `size` (bytes) recomputed from the bytes stored at the far end.

    `chain_head`: when these bytes are a stream's manifest, the head of the stream's hash chain as stated there; left
    out of the JSON otherwise, so that a receipt without it is signed as before.
    `signature`: Ed25519 over the canonical JSON of every other field, base64; null without our exchange.
    """

    receipt_id: str
    server: str
    tier: Tier
    sha256: str
    size: int
    stored_at: datetime
    method: Method
    signature: str | None = None
    chain_head: ChainHead | UnsetType = UNSET

    def signed_by(self, key: Ed25519PrivateKey) -> "Receipt":
        """The same receipt with the server's signature."""
        signature = base64.b64encode(key.sign(_canonical(self))).decode()
        return msgspec.structs.replace(self, signature=signature)

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is there and right."""
        if self.signature is None:
            return False
        try:
            key.verify(base64.b64decode(self.signature, validate=True), _canonical(self))
        except (InvalidSignature, ValueError):
            return False
        return True


class ItemState(StrEnum):
    """Where a file is on its way; the steps between them: `sync.states`."""

    SEEN = "seen"  # its manifest is there, it itself is still being written or copied
    SETTLED = "settled"  # it has the size its manifest says and is left alone
    HASHED = "hashed"  # its SHA-256 is known; what is sent is proved against it before the last byte goes
    CREATING = "creating"  # the target was asked for an upload, its answer is not noted yet
    UPLOADING = "uploading"
    UPLOADED = "uploaded"  # every byte was acknowledged; manual: packed into a ZIP
    VERIFYING = "verifying"  # the far end recomputes the SHA-256
    DELIVERED = "delivered"  # proved by a receipt
    HANDED_OVER = "handed_over"  # by a person, which proves nothing
    WAITING = "waiting"  # a step failed for now; goes on at `next_try_at` where it was
    CHANGED = "changed"  # the file is not what its manifest says; looked at again when it changes
    QUARANTINED = "quarantined"  # this item cannot be sent as it stands; everything else goes on
    NEEDS_HUMAN = "needs_human"  # a person must act; tried again now and then all the same


def _canonical(receipt: Receipt) -> bytes:
    """JSON with sorted keys, no spaces, without the signature."""
    return msgspec.json.encode(msgspec.structs.replace(receipt, signature=None), order="sorted")
