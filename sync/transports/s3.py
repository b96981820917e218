"""S3: one object an item, sent in parts that outlive any break, its name given without overwriting, proved by reading.

A small file is one PUT, a larger one a multipart upload, each with `If-None-Match: *`. Until the last part is there
nothing lies under the name; the storage then puts the parts together at once. What it stored is read back and hashed:
an S3's own "SHA-256" of parts is not the file's. A wrong object is never called delivered: the file is sent anew under
its next name, and the wrong one stays for a person to see: nothing there is ever overwritten or deleted.

A storage that does not know `If-None-Match` (SeaweedFS and AWS do) is asked for the name right before: what appears
there in that very moment it would replace. Parts of an upload nobody goes on with are dropped by
`discard`, or, where a machine was lost, by the bucket's rule for incomplete uploads.

Built by `sync.transports.building`, spoken to by `sync.agent`.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from exam.errors import ExamError, Rejected, Transient
from sync.model import Tier
from sync.plan import Item
from sync.source import Source
from sync.transports import Begun, Lost, Moved, Proof, web
from sync.transports.bucket import MOST_PARTS, PARTIAL, SMALLEST_PART, Bucket, Part
from sync.transports.readback import Reading, names, receipt, unheard
from sync.transports.shelf import unlawful

_LARGEST_PART = 8 * 1024 * 1024  # it stands in memory
_QUICK_S = 1.0
_MAX_KEY_BYTES = 1024
_MIB = 1024 * 1024


class _Upload(Struct, frozen=True):
    """An upload's address. `of`: its content; `part`: bytes of each part but the last; `id`: none for one PUT."""

    key: str
    of: str
    part: int
    id: str = ""

    def spelled(self) -> str:
        return msgspec.json.encode(self).decode()


class _Pace:
    """How many bytes a part has: the fewest, until parts prove to be through at once. One size within an upload."""

    def __init__(self) -> None:
        self._part = SMALLEST_PART

    def part_of(self, size: int) -> int:
        """For a file of `size` bytes."""
        whole_mib = -(-size // (MOST_PARTS * _MIB)) * _MIB
        return max(self._part, whole_mib)

    def succeeded(self, seconds: float) -> None:
        if seconds < _QUICK_S:
            self._part = min(2 * self._part, _LARGEST_PART)

    def failed(self) -> None:
        self._part = SMALLEST_PART


class Objects:
    """Items below `prefix` of a bucket. `address`: what receipts call it; `tier`: who holds the bytes there."""

    def __init__(
        self, bucket: Bucket, prefix: str, address: str, tier: Tier, *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._bucket, self._address, self._tier, self._now = bucket, address, tier, now
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._pace = _Pace()
        self._reading: Reading | None = None
        self._is_checked = False

    def key(self) -> bytes | None:
        return None

    def create(self, item: Item) -> Begun:
        if not self._is_checked:
            self._bucket.check()
            self._is_checked = True
        for name in names(item):
            key = self._key(name)
            there = self._bucket.size(key)
            if there is None:
                return self._begin(key, item)
            if there == item.size and self._is_ours(key, item, unheard):
                return Begun(_Upload(key, item.sha256, 0).spelled(), item.size)
        raise Rejected(
            f"В хранилище заняты чужим содержимым все имена, под которыми мог бы лечь {item.path}. Файл здесь цел; "
            "сообщите администратору хранилища.",
            f"In the storage other content has every name {item.path} could have. The file here is safe; tell the "
            "storage's administrator.",
            code="name_taken",
        )

    def offset(self, upload: str, item: Item) -> int | None:
        known = _read(upload)
        parts = self._bucket.parts(known.key, known.id) if known.id else None
        if parts is not None:
            return _whole(parts, known.part, item.size)[1]
        return item.size if self._bucket.size(known.key) == item.size else None

    def send(self, upload: str, source: Source, offset: int, moved: Moved) -> None:
        self._reading = None
        known = _read(upload)
        buffer = memoryview(bytearray(min(known.part, source.size) if known.id else source.size))
        if not known.id:
            self._bucket.put(known.key, _filled(buffer, source, 0, source.size), moved)
            return
        try:
            for first in range(offset, source.size, known.part):
                self._send_part(
                    known, first, _filled(buffer, source, first, min(first + known.part, source.size)), moved
                )
        except Transient:
            self._pace.failed()
            raise

    def prove(self, upload: str, item: Item, moved: Moved) -> Proof:
        known = _read(upload)
        parts = self._bucket.parts(known.key, known.id) if known.id else None
        if parts is not None:
            parts, there = _whole(parts, known.part, item.size)
            if there < item.size:
                return Lost()
            if not self._bucket.complete(known.key, known.id, parts):
                self.discard(upload)  # the name was taken meanwhile; it may be by the same content
        if self._is_ours(known.key, item, moved):
            return receipt(item, self._address, self._tier, self._now())
        return Lost()

    def discard(self, upload: str) -> None:
        try:
            known = _read(upload)
            if known.id:
                self._bucket.abort(known.key, known.id)
        except ExamError:
            return  # what stays there is unfinished, and no proof of anything

    def close(self) -> None:
        self._bucket.close()

    def _key(self, name: str) -> str:
        key = self._prefix + name
        if len(key.encode()) > _MAX_KEY_BYTES:
            raise unlawful(name, f"длиннее {_MAX_KEY_BYTES} байт", f"it is longer than {_MAX_KEY_BYTES} bytes")
        return key

    def _begin(self, key: str, item: Item) -> Begun:
        part = self._pace.part_of(item.size)
        upload = self._bucket.begin(key) if item.size > part else ""
        return Begun(_Upload(key, item.sha256, part, upload).spelled())

    def _send_part(self, upload: _Upload, first: int, content: memoryview, moved: Moved) -> None:
        part = first // upload.part + 1
        begun = time.monotonic()
        self._bucket.put_part(upload.key, upload.id, part, content, lambda through: moved(first + through))
        self._pace.succeeded(time.monotonic() - begun)

    def _is_ours(self, key: str, item: Item, moved: Moved) -> bool:
        """Read back. Goes on where a broken line ended it, while nothing else was read in between."""
        reading = self._reading
        if reading is None or reading.of != (key, item.key):
            reading = self._reading = Reading(key, item)
        if not reading.offset or reading.offset < item.size:
            self._read_on(key, item, reading, moved)
        self._reading = None
        return reading.proves(item)

    def _read_on(self, key: str, item: Item, reading: Reading, moved: Moved) -> None:
        with self._bucket.reading(key, reading.offset, reading.version) as answer:
            if answer is None:
                return
            if reading.offset and answer.status_code != PARTIAL:
                self._reading = None
                raise web.later(answer)  # another object by now, or a storage that always gives the whole of it
            reading.version = answer.headers.get("ETag", "")
            for block in answer.iter_content(web.BLOCK_BYTES):
                reading.take(block)
                if reading.offset > item.size:
                    return
                moved(reading.offset)


def _whole(parts: Sequence[Part], part: int, size: int) -> tuple[list[Part], int]:
    """The parts that lie there one after the other and whole, and how many bytes of `size` they are."""
    found: list[Part] = []
    there = 0
    for number, one in enumerate(parts, 1):
        if there == size or one.number != number or one.size != min(part, size - there):
            break
        found.append(one)
        there += one.size
    return found, there


def _filled(buffer: memoryview, source: Source, first: int, end: int) -> memoryview:
    """A part, which is signed before it is sent. Raises as `Source.blocks` does."""
    there = 0
    for block in source.blocks(first, end):
        buffer[there : there + len(block)] = block
        there += len(block)
    return buffer[:there]


def _read(upload: str) -> _Upload:
    """The address we spelled. Raises Rejected for anything else."""
    try:
        return msgspec.json.decode(upload, type=_Upload)
    except msgspec.DecodeError:
        raise Rejected(
            f"Адрес отправки «{upload[:80]}» не от хранилища S3. Файл здесь цел.",
            f"The upload's address “{upload[:80]}” is no S3's. The file here is safe.",
            code="bad_address",
        ) from None
