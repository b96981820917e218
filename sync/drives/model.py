"""What stands on a drive beside the files: a short note anyone may read, and a list of what it holds. Pure.

The note is authenticated (HMAC-SHA256) with a key both ends have: the SHA-256 of the school's access token, which the
exchange keeps in place of the token. So whoever holds no token of the school can make no drive of it, and a flipped
byte in the note, the list or a file is found. Names of children stand in the list alone, which is encrypted where the
files are.
"""

import hashlib
import hmac
import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from exam.errors import Rejected
from sync.naming import candidates
from sync.plan import ItemKind, Reason

NOTE, LIST, RECEIPTS = "drive.json", "list.json", "receipts"
RECEIPTS_SUFFIX = ".jsonl"
ENCRYPTED = ".age"
MAX_NOTE_BYTES, MAX_LIST_BYTES = 64 << 10, 32 << 20
_PURPOSE = b"exam drive 1\n"
_MOST_FILES = 50_000
_PART_BYTES = 255
_STORED = re.compile(r"[0-9]{6}\.age")
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class DriveFile(Struct, frozen=True):
    """One file. `path`: `<day folder>/<name>` as it travels; `size` (bytes) and `sha256` of its content; `stored`:
    where it lies, below the note; `stored_sha256`: of the bytes that lie there."""

    path: str
    kind: ItemKind
    size: Annotated[int, Meta(ge=0)]
    sha256: Sha256
    stored: str
    stored_sha256: Sha256


class Left(Struct, frozen=True):
    """A file that was not carried, or not taken, and why."""

    path: str
    reason: Reason


class DriveList(Struct, frozen=True):
    """Everything a drive holds."""

    files: Annotated[tuple[DriveFile, ...], Meta(max_length=_MOST_FILES)]


class DriveNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What anyone may read. `list_sha256`: of the list as it is stored; `mac`: HMAC over everything else, hex.

    `files`, `size`: how many, and bytes, for the slip.
    """

    schema: Literal[1] = 1
    kind: Literal["drive"] = "drive"
    school: str
    exam_date: date
    number: int
    made_at: datetime
    encrypted: bool
    files: int
    size: int
    list_sha256: Sha256
    mac: str = ""

    @property
    def written(self) -> bytes:
        """The note as a file's bytes; no others say the same."""
        return msgspec.json.encode(self)

    @property
    def sha256(self) -> str:
        """Of its bytes: what the slip bears."""
        return hashlib.sha256(self.written).hexdigest()

    @property
    def list_name(self) -> str:
        return LIST + ENCRYPTED if self.encrypted else LIST

    def sealed(self, key: str) -> "DriveNote":
        """The same note with its MAC; `key`: the SHA-256 (hex) of the school's token."""
        return replace(self, mac=self._mac(key))

    def is_sealed_by(self, key: str) -> bool:
        """Whether it was made by somebody who has this key."""
        return hmac.compare_digest(self.mac, self._mac(key))

    def _mac(self, key: str) -> str:
        told = msgspec.json.encode(replace(self, mac=""), order="sorted")
        return hmac.new(key.encode(), _PURPOSE + told, hashlib.sha256).hexdigest()


def key_of(token: str) -> str:
    """The key a drive is authenticated with: what an exchange keeps of a school's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def folder_name(school: str, exam_date: date, number: int) -> str:
    """The drive's folder, as a person finds it."""
    return f"{exam_date.isoformat()}_{school}_накопитель_{number:02d}"


def stored_sealed(order: int) -> str:
    """Where an encrypted file lies on the drive: under a number that tells nothing."""
    return f"{order:06d}{ENCRYPTED}"


def stored_plain(file: DriveFile) -> list[str]:
    """Where a plain file may lie: under its own name, or marked where another computer's has that."""
    folder, _, name = file.path.rpartition("/")
    return [f"{folder}/{candidate}" for candidate in candidates(name, file.sha256)]


def check(file: DriveFile, *, encrypted: bool) -> None:
    """Raise Rejected for a name that leads elsewhere, or cannot be a file's."""
    is_sealed = encrypted and _STORED.fullmatch(file.stored) is not None
    if not (_is_harmless(file.path) and (is_sealed or (not encrypted and file.stored in stored_plain(file)))):
        raise Rejected(
            f"Имя в описи накопителя ведёт в другое место: «{shown(file.path)}». Файл не принят.",
            f"A name in the drive's list leads elsewhere: “{shown(file.path)}”. The file was not taken.",
            code="bad_name",
        )


def _is_harmless(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == len(("day folder", "name")) and all(
        part not in {"", ".", ".."}
        and len(part.encode("utf-8", "surrogatepass")) <= _PART_BYTES
        and not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in part)
        and "\\" not in part
        for part in parts
    )


def shown(text: str) -> str:
    """A text of somebody else's, fit to be told."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:100])
