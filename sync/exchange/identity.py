"""Who the server is: an Ed25519 key made once, kept readable by its owner alone."""

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from exam import durable
from exam.errors import Fatal
from sync.model import Tier

_NAME_LETTERS = 16


class Identity(Struct, frozen=True):
    """The key receipts are signed with, and whom they speak for."""

    key: Ed25519PrivateKey
    tier: Tier

    @property
    def public_raw(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.key.public_key().public_bytes_raw()

    @property
    def public_base64(self) -> str:
        """The public key as clients pin it."""
        return base64.b64encode(self.public_raw).decode()

    @property
    def server(self) -> str:
        """The server's name in receipts: stays the same wherever the folder is served."""
        return f"exchange-{hashlib.sha256(self.public_raw).hexdigest()[:_NAME_LETTERS]}"


def load(path: Path, tier: Tier) -> Identity:
    """Read the key, or make it at the first start. Raises Fatal when the file is no key, OSError as the disk does."""
    if not path.exists():
        _make(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise _broken(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _broken(path)
    return Identity(key, tier)


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    durable.publish(path, pem, mode=0o600)


def _broken(path: Path) -> Fatal:
    return Fatal(
        f"Ключ сервера {path} испорчен. Верните его из резервной копии: по нему школы узнают этот сервер.",
        f"The server's key {path} is broken. Restore it from a backup: schools know this server by it.",
        code="bad_key",
    )
