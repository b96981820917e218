"""A target that knows only files and names: what is sent stands aside until it is read back and proved.

Part -> read back -> rename without replacing. So under its name a file is whole or absent, whatever cuts the line.
`Shelf` is implemented by `folder`, `webdav`, `sftp`; the agent sees `Shelved`.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Protocol

from exam.errors import ExamError, Rejected
from sync import naming
from sync.model import Receipt, Tier
from sync.plan import Item
from sync.source import Source
from sync.transports import Begun, Lost, Moved, Proof
from sync.transports.readback import Reading, names, receipt, unheard

Clock = Callable[[], datetime]


class Shelf(Protocol):
    """Names are relative to the target: `folder/file`, with `/`, in UTF-8, as they came. Sizes in bytes.

    Raises Transient, Rejected, Fatal.
    """

    @property
    def appends(self) -> bool:
        """Whether `write` can go on with a file; else it is sent from its start again. May ask the target."""

    def size(self, name: str) -> int | None:
        """None when there is no such file."""

    def write(self, name: str, source: Source, offset: int, moved: Moved) -> None:
        """Make the file hold exactly the source, whose first `offset` bytes it holds; missing folders are made.

        `offset` is 0 or what `size` told, the latter only where the shelf `appends`. Returns when all is stored as
        durably as the target can.
        """

    def read(self, name: str, offset: int) -> Iterator[memoryview | bytes]:
        """The stored bytes from `offset` on, from the disk rather than a cache; nothing when there is no such file."""

    def publish(self, part: str, name: str) -> bool:
        """Rename; False, and nothing changed, when `name` is taken."""

    def remove(self, name: str) -> None:
        """No such file is no error."""

    def close(self) -> None:
        """Let connections go."""


class Shelved:
    """The shelf as a Transport. `address`: what receipts call it; `tier`: who holds the bytes there."""

    def __init__(
        self, shelf: Shelf, address: str, tier: Tier, *, now: Clock = lambda: datetime.now(UTC)
    ) -> None:  # fmt: skip
        self._shelf, self._address, self._tier, self._now = shelf, address, tier, now
        self._reading: Reading | None = None
        self._written: str | None = None

    def key(self) -> bytes | None:
        return None

    def create(self, item: Item) -> Begun:
        upload = naming.part(item.path, item.sha256)
        there = self._unfinished(upload, item)
        if there is None and any(self._holds(name, item) for name in names(item)):
            return Begun(upload, item.size)
        return Begun(upload, there or 0)

    def offset(self, upload: str, item: Item) -> int | None:
        there = self._unfinished(upload, item)
        if there is None and any(self._shelf.size(name) == item.size for name in names(item)):
            return item.size  # published already, it seems: the proof will tell
        return there

    def send(self, upload: str, source: Source, offset: int, moved: Moved) -> None:
        self._reading = self._written = None
        self._shelf.write(upload, source, offset, moved)
        self._written = upload

    def prove(self, upload: str, item: Item, moved: Moved) -> Proof:
        # What was written a moment ago need not be asked for: reading it back tells.
        there = item.size if self._written == upload else self._shelf.size(upload)
        self._written = None
        if there is not None and not (there == item.size and self._is_ours(upload, item, moved)):
            return Lost()
        for name in names(item):
            if there is not None and self._shelf.publish(upload, name):
                return self._receipt(item) if self._shelf.size(name) == item.size else Lost()
            if self._holds(name, item, moved):
                self._shelf.remove(upload)
                return self._receipt(item)
        return Lost()

    def discard(self, upload: str) -> None:
        try:
            self._shelf.remove(upload)
        except ExamError:
            return  # an unfinished file is no proof of anything

    def close(self) -> None:
        self._shelf.close()

    def _unfinished(self, upload: str, item: Item) -> int | None:
        there = self._shelf.size(upload)
        if there is None or there == item.size:
            return there
        if there > item.size:
            self._shelf.remove(upload)
            return None
        return there if self._shelf.appends else 0

    def _holds(self, name: str, item: Item, moved: Moved = unheard) -> bool:
        return self._shelf.size(name) == item.size and self._is_ours(name, item, moved)

    def _is_ours(self, name: str, item: Item, moved: Moved) -> bool:
        """Read back. Goes on where a broken line ended it, while nothing else was read in between."""
        reading = self._reading
        if reading is None or reading.of != (name, item.key):
            reading = self._reading = Reading(name, item)
        for block in self._shelf.read(name, reading.offset):
            reading.take(block)
            if reading.offset > item.size:
                break
            moved(reading.offset)
        self._reading = None
        return reading.proves(item)

    def _receipt(self, item: Item) -> Receipt:
        return receipt(item, self._address, self._tier, self._now())


def unlawful(path: str, ru: str, en: str) -> Rejected:
    """The refusal of a name the target cannot hold."""
    return Rejected(
        f"Получатель не принимает имя «{path}»: {ru}. Файл здесь цел; передайте его на носителе.",
        f"The target takes no file named “{path}”: {en}. The file here is safe; hand it over on a drive.",
        code="bad_name",
    )
