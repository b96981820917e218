"""Proofs of arrival: which are accepted, the server key they are checked with, and where they are kept.

Owns `receipts/` and the pinned key in the state folder. Called by `sync.agent` (accept, keep) and `sync.report`.
"""

import base64
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exam import durable
from exam.errors import Fatal, Rejected
from sync.model import KEY_BYTES, Receipt, Tier

FOLDER = "receipts"
KEY_FILE = "server.key"


class Receipts:
    """The receipts of one state folder. `configured_key`: the server's public key, raw, when the config pins it."""

    def __init__(self, state: Path, *, configured_key: bytes | None = None, tier: Tier | None = None) -> None:
        self._folder = state / FOLDER
        self._key_file = state / KEY_FILE
        self._configured_key = configured_key
        self._tier = tier

    @property
    def key(self) -> bytes | None:
        """The server's public key (32 bytes), from the configuration or pinned at first use; None before that."""
        if self._configured_key is not None:
            return self._configured_key
        try:
            key = base64.b64decode(self._key_file.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise Fatal(
                f"Ключ сервера {self._key_file} испорчен. Восстановите его из копии или впишите в target.server_key.",
                f"The server's key {self._key_file} is damaged. Restore it from a copy or set target.server_key.",
                code="bad_server_key",
            )
        return key

    def meet(self, key: bytes, receipt: Receipt) -> None:
        """The server showed `key`: pin it at first use, if it signed `receipt`; refuse another one later with Fatal."""
        if self.key is None and receipt.is_signed_by(Ed25519PublicKey.from_public_bytes(key)):
            durable.make_folder(self._key_file.parent)
            durable.publish(self._key_file, base64.b64encode(key) + b"\n")
        if key != self.key:
            raise self._stranger()

    def breach(self, receipt: Receipt, sha256: str, size: int) -> tuple[str, str] | None:
        """Why `receipt` does not prove that these bytes arrived, in both languages; None when it does."""
        found = self._mismatch(receipt, sha256, size)
        if found is None and not self._vouched(receipt):
            found = "подпись сервера неверна", "the server's signature is wrong"
        return found

    def accept(self, receipt: Receipt, sha256: str, size: int) -> None:
        """Raise unless `receipt` proves that these bytes arrived: Rejected for other bytes, Fatal when unsigned."""
        if found := self._mismatch(receipt, sha256, size):
            ru, en = found
            raise Rejected(
                f"Квитанция не принята: {ru}. Сообщите администратору сервера.",
                f"Receipt refused: {en}. Tell the server's administrator.",
                code="bad_receipt",
            )
        if not self._vouched(receipt):
            raise self._stranger()

    def keep(self, receipt: Receipt) -> Receipt:
        """Store durably; a receipt already stored for the same bytes stays and is returned while it is good."""
        stored = self.stored(receipt.sha256)
        if stored is not None and self.proves(receipt.sha256, receipt.size):
            return stored
        durable.make_folder(self._folder)
        durable.rewrite(self._path(receipt.sha256), msgspec.json.format(msgspec.json.encode(receipt), indent=1) + b"\n")
        return receipt

    def stored(self, sha256: str) -> Receipt | None:
        """The receipt kept for these bytes; None when there is none that can be read."""
        try:
            return msgspec.json.decode(self._path(sha256).read_bytes(), type=Receipt)
        except (OSError, msgspec.DecodeError, ValueError, RecursionError):
            return None

    def mark(self, sha256: str) -> str:
        """Changes whenever the receipt kept for these bytes does, or the key it is checked with; empty: none."""
        try:
            status = self._path(sha256).stat()
        except OSError:
            return ""
        key = base64.b64encode(self.key or b"").decode()[:8]
        return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{self._tier}:{key}"

    def proves(self, sha256: str, size: int) -> bool:
        """Whether the receipt kept for these bytes is there and good."""
        receipt = self.stored(sha256)
        return receipt is not None and self.breach(receipt, sha256, size) is None

    def _mismatch(self, receipt: Receipt, sha256: str, size: int) -> tuple[str, str] | None:
        if (receipt.sha256, receipt.size) != (sha256, size):
            return "квитанция о других данных", "the receipt is for other bytes"
        if self._tier not in {None, receipt.tier}:
            return (
                f"квитанция уровня «{receipt.tier}», а не «{self._tier}»",
                f"a receipt of tier “{receipt.tier}”, not “{self._tier}”",
            )
        return None

    def _vouched(self, receipt: Receipt) -> bool:
        """Signed by the known server; what we read back ourselves counts only while no server is known to sign."""
        if self.key is None:
            return receipt.method == "read-back"
        return receipt.is_signed_by(Ed25519PublicKey.from_public_bytes(self.key))

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.json"

    def _stranger(self) -> Fatal:
        place = "target.server_key" if self._configured_key is not None else str(self._key_file)
        return Fatal(
            f"Подпись сервера не та, что известна ({place}). Квитанция не принята, записи целы. Если сервер "
            "переустановлен, узнайте у администратора новый ключ и замените прежний.",
            f"The server's signature is not the one known ({place}). The receipt is refused, recordings are safe. If "
            "the server was reinstalled, ask its administrator for the new key and replace the old one.",
            code="wrong_server_key",
        )
