"""The deletion book in the state folder: lines, signed records, the key they are signed with. Whoever deletes holds it.

Run as root, as it must be where the recordings belong to another user, it leaves its files to the state's owner.
"""

import fcntl
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exam import durable
from exam.errors import Fatal, Rejected
from sync.lines import Lines
from sync.retention.records import Begun, DeletionRecord, Event

FILE = "deletions.jsonl"
FOLDER = "deletions"
KEY = "installation.key"
_LOCK = "deletions.lock"


class Book:
    """The book of one state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._lines: Lines[Event] = Lines(state / FILE, Event)

    @contextmanager
    def held(self) -> Iterator[None]:
        """For this process alone. Raises Rejected when another deletes."""
        path = self._state / _LOCK
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Rejected(
                    "Удаление уже идёт в другом окне. Дождитесь его конца.",
                    "Something is being deleted already. Wait for its end.",
                    code="busy",
                ) from None
            self._leave(path)
            yield
        finally:
            os.close(descriptor)

    def events(self) -> list[Event]:
        """Everything noted. Raises Fatal when a line cannot be read: what was deleted would be a guess."""
        events, torn = self._lines.read()
        if torn:
            path, lines = self._state / FILE, ", ".join(map(str, torn))
            raise Fatal(
                f"{path}: строки {lines} не читаются. Ничего не удалено; уберите эти строки, сверив их с файлами.",
                f"{path}: lines {lines} cannot be read. Nothing was deleted; remove them, comparing them with the "
                "files.",
                code="torn_lines",
            )
        return events

    def note(self, event: Event) -> None:
        """Add a line durably."""
        self._lines.append(event)
        self._leave(self._state / FILE)

    def signed(self, begun: Begun) -> tuple[Path, DeletionRecord] | None:
        """The record that a kill left published and not noted, if it speaks of all that was noted."""
        for path in sorted((self._state / FOLDER).glob(f"*_{begun.number:04d}*.json")):
            try:
                record = msgspec.json.decode(path.read_bytes(), type=DeletionRecord)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            told = {(each.path, each.sha256) for each in record.files}
            told |= {(each.path, each.sha256) for each in record.kept}
            if record.is_signed_by(self.key().public_key()) and told >= {
                (line.file.place, line.sha256) for line in begun.lines
            }:
                return path, record
        return None

    def publish(self, record: DeletionRecord) -> Path:
        """Sign the record and give it a name of its own, which is returned. Raises Fatal without a key."""
        folder = self._state / FOLDER
        durable.make_folder(folder)
        self._leave(folder)
        content = msgspec.json.format(msgspec.json.encode(record.signed_by(self.key())), indent=1) + b"\n"
        stem = f"{record.school}_удаление_{record.number:04d}"
        for again in itertools.count(1):
            path = folder / (f"{stem}.json" if again == 1 else f"{stem}_{again}.json")
            try:
                durable.publish(path, content)
            except FileExistsError:  # of a book that was lost
                continue
            self._leave(path)
            return path
        raise AssertionError("every name is taken")

    def key(self) -> Ed25519PrivateKey:
        """This installation's key, made when it is first asked for. Raises Fatal when the file is no key."""
        path = self._state / KEY
        if not path.exists():
            pem = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            durable.publish(path, pem, mode=0o600)
            self._leave(path)
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise _broken(path) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _broken(path)
        return key

    def _leave(self, path: Path) -> None:
        """To the state's owner: the agent's user reads it, too."""
        if os.geteuid() == 0:
            owner = self._state.stat()
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _broken(path: Path) -> Fatal:
    return Fatal(
        f"Ключ этой установки {path} испорчен: верните его из копии. Ничего не удалено.",
        f"This installation's key {path} is broken: restore it from a copy. Nothing was deleted.",
        code="bad_key",
    )
