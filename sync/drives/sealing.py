"""Encryption to the centre's public key in the age format (age-encryption.org/v1). The only user of pyrage.

Streams: memory does not grow with the file.
"""

import io
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import pyrage

from exam.copying import SourceFailed
from exam.errors import ConfigError, ExamError, Rejected
from sync import targets


class Readable(Protocol):
    """What is encrypted, or decrypted."""

    def read(self, size: int = -1, /) -> bytes: ...


class Writable(Protocol):
    """Where that goes."""

    def write(self, piece: bytes, /) -> int: ...

    def flush(self) -> None: ...


def recipients_of(texts: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    """Public keys as a centre publishes them (`age1…`). Raises ConfigError for one that is none."""
    found = []
    for text in texts:
        try:
            found.append(pyrage.x25519.Recipient.from_str(text.strip()))
        except pyrage.RecipientError as error:
            raise ConfigError(
                f"«{text.strip()[:80]}» — не открытый ключ age (age1…): возьмите его у РЦОИ ещё раз.",
                f"“{text.strip()[:80]}” is no age public key (age1…): get it from the centre again.",
                code="bad_recipient",
            ) from error
    return found


def identity_from(file: Path) -> pyrage.x25519.Identity:
    """The secret key in a file that only its owner may read. Raises ConfigError."""
    try:
        targets.check_private(file, "--identity", file, stat.S_IMODE(file.stat().st_mode))
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: ключ не читается.", f"{file}: the key cannot be read.") from error
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str(keys[0] if keys else "")
    except pyrage.IdentityError as error:
        raise ConfigError(
            f"{file}: это не закрытый ключ age (AGE-SECRET-KEY-1…).",
            f"{file}: no age identity (AGE-SECRET-KEY-1…).",
            code="bad_identity",
        ) from error


def new_identity() -> tuple[str, str]:
    """A new secret key and the public one that belongs to it."""
    made = pyrage.x25519.Identity.generate()
    return str(made), str(made.to_public())


def encrypt(plain: Readable, written: Writable, recipients: Sequence[pyrage.x25519.Recipient]) -> None:
    """Encrypt a stream to all of the recipients. Raises whatever either stream does."""
    reading, writing = _Told(plain), _Told(written)
    try:
        pyrage.encrypt_io(reading, writing, recipients)
    except (pyrage.EncryptError, OSError) as error:
        raise reading.failure or writing.failure or error from None


def decrypt(sealed: Readable, written: IO[bytes], identity: pyrage.x25519.Identity) -> None:
    """Decrypt a stream; every chunk is authenticated. Raises Rejected for another key or a damaged file, and whatever
    either stream does."""
    reading, writing = _Told(sealed), _Told(written)
    try:
        pyrage.decrypt_io(reading, writing, [identity])
    except (pyrage.DecryptError, OSError) as error:
        if failure := reading.failure or writing.failure:
            raise failure from None
        raise Rejected(
            "не расшифровывается: зашифровано другому получателю или испорчено",
            "cannot be decrypted: meant for another recipient, or damaged",
            code="not_ours",
        ) from error


def decrypted(sealed: bytes, identity: pyrage.x25519.Identity, most: int) -> bytes:
    """What a small file holds, `most` bytes of it. Raises Rejected as `decrypt` does, and for a larger one."""
    written = _Bounded(most)
    decrypt(io.BytesIO(sealed), written, identity)
    return written.getvalue()


class _Told:
    """A stream that remembers what it failed with: the library takes some of that for a fault of its own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.failure: Exception | None = None

    def read(self, size: int = -1) -> Any:
        with self._noting():
            return self._stream.read(size)

    def write(self, piece: bytes) -> Any:
        with self._noting():
            return self._stream.write(piece)

    def flush(self) -> None:
        with self._noting():
            self._stream.flush()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ExamError, SourceFailed) as error:
            self.failure = error
            raise


class _Bounded(io.BytesIO):
    """Memory that takes no more than it was given."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, piece: Any) -> int:
        if self.tell() + len(piece) > self._most:
            raise Rejected("список слишком велик", "the list is too large", code="too_large")
        return super().write(piece)
