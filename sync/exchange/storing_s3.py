"""A bucket as the exchange's store, for when one machine is not enough: it holds what is under way, S3 the rest.

`serve` opens it, `verifier` speaks to it as a `Store`. A file leaves this machine only after the bytes the storage
holds were read back and are right. What a crash leaves of an upload in parts is dropped by the bucket's rule for
incomplete uploads; the file itself is still here and is laid down anew.
"""

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from exam import durable, settings
from exam.errors import ExamError, Transient
from sync import targets
from sync.exchange.storing import KeepOn
from sync.transports import web
from sync.transports.bucket import MOST_PARTS, Bucket

_LOG = logging.getLogger(__name__)
_PART = 16 * 1024 * 1024  # it stands in memory; no slow line leads from here to the storage
_MIB = 1024 * 1024
_PROBE = "schools"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file of `--s3-config`: where, and with which keys. `ca_file` is relative to it."""

    url: str
    bucket: str
    access_key: str
    secret_key: str
    prefix: str = ""
    region: str = "us-east-1"
    ca_file: str | None = None


class ObjectStore:
    """Objects below `prefix` of a bucket."""

    label = "s3/"

    def __init__(self, bucket: Bucket, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def lay(self, incoming: Path, place: str, sha256: str, keep_on: KeepOn) -> bool:
        key = self._prefix + place
        there = self._bucket.size(key)
        if there is None:
            if not incoming.exists():
                return False
            self._upload(incoming, key, keep_on)
        if not self._holds(key, sha256, keep_on):
            if there is None:
                _LOG.warning("%s: the storage does not hold what was sent; laid down under another name", place)
            return False
        with suppress(FileNotFoundError):
            incoming.unlink()
            durable.sync(incoming.parent)
        return True

    def beginning(self, place: str, most: int) -> bytes:
        content = bytearray()
        with self._bucket.reading(self._prefix + place) as answer:
            if answer is not None:
                for block in answer.iter_content(web.BLOCK_BYTES):
                    content += block
                    if len(content) >= most:
                        break
        return bytes(content[:most])

    def pieces(self, place: str) -> Iterator[bytes | memoryview]:
        with self._bucket.reading(self._prefix + place) as answer:
            if answer is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), place)
            yield from answer.iter_content(_MIB)

    def check(self) -> None:
        """Ask the storage for something. Raises Fatal when it will never take anything; away for now is no error."""
        try:
            with self._bucket.reading(self._prefix + _PROBE):
                pass
        except Transient as error:
            _LOG.warning("%s", error)

    def close(self) -> None:
        self._bucket.close()

    def _upload(self, incoming: Path, key: str, keep_on: KeepOn) -> None:
        """Leaves what lies at `key` for the caller to look at: ours, or another's that was quicker."""
        size = incoming.stat().st_size
        part = max(_PART, -(-size // (MOST_PARTS * _MIB)) * _MIB)
        if size <= part:
            self._bucket.put(key, incoming.read_bytes())
            return
        upload = self._bucket.begin(key)
        try:
            with incoming.open("rb", buffering=0) as file:
                for number in range(1, -(-size // part) + 1):
                    keep_on()
                    self._bucket.put_part(key, upload, number, file.read(part))
            if not self._bucket.complete(key, upload, self._bucket.parts(key, upload) or ()):
                self._abort(key, upload)
        except BaseException:
            self._abort(key, upload)
            raise

    def _abort(self, key: str, upload: str) -> None:
        with suppress(ExamError):
            self._bucket.abort(key, upload)

    def _holds(self, key: str, sha256: str, keep_on: KeepOn) -> bool:
        """What the storage gives back, hashed here: its own word for parts is not the file's SHA-256."""
        digest = hashlib.sha256()
        with self._bucket.reading(key) as answer:
            if answer is None:
                return False
            for block in answer.iter_content(_MIB):
                keep_on()
                digest.update(block)
        return digest.hexdigest() == sha256


def open_store(file: Path) -> ObjectStore:
    """The store `file` describes. Raises ConfigError for a file that is wrong or open to others, Fatal as `check`."""
    told = settings.convert(file, settings.read(file), Settings)
    targets.check_private(file, "secret_key", file, stat.S_IMODE(file.stat().st_mode))
    url = targets.url_of(file, "url", told.url, {"http", "https"})
    ca_file = str(file.absolute().parent / told.ca_file) if told.ca_file else None
    bucket = Bucket(url, told.bucket, told.access_key, told.secret_key, region=told.region, ca_file=ca_file)
    store = ObjectStore(bucket, told.prefix)
    store.check()
    return store
