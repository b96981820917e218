"""tus 1.0 over HTTP: resumable uploads, and proof by a signed receipt or by reading back.

Built by `sync.cli`, spoken to by `sync.agent`.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import urljoin, urlsplit

import msgspec

from exam.errors import ExamError
from sync.model import KEY_BYTES, Receipt, Tier
from sync.plan import Item
from sync.source import Source
from sync.transports import Begun, Lost, Moved, Pending, Proof, Unproven, pieces, web
from sync.transports.pieces import Pieces
from sync.transports.web import Answer, Bearer, Body, Web

VERSION = "1.0.0"

_CHECKED_CHUNK = 4 * 1024 * 1024  # hashed before it is sent, so it stands in memory whole
_NOT_FOUND, _REFUSED = 404, 410
_MAX_DIGITS = 18
_OUT_OF_STEP = web.GONE | {web.CONFLICT}
_NO_RECEIPT = {401, 403, 404, 405, 410, 422}  # 422: the exchange holds these bytes, but they proved wrong

_FILE_TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".json": "application/json",
}


class Tus:
    """One tus target. `url`: the creation address; `token`: the key it wants, or where to read it at each request;
    `tier`: who holds the bytes where receipts do not say it."""

    def __init__(
        self, url: str, token: str | Callable[[], str], *, tier: Tier = "centre", ca_file: str | None = None,
        fingerprint: str | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._url, self._tier, self._now = url, tier, now
        self._pieces = Pieces()
        self._web = Web(url, Bearer(token), {"Tus-Resumable": VERSION}, ca_file=ca_file, fingerprint=fingerprint)
        self._shown_key: bytes | None = None
        self._signs_nothing = False

    def key(self) -> bytes | None:
        """Our exchange shows its key beside its uploads; other servers have nothing there."""
        if self._shown_key is None and not self._signs_nothing:
            answer = self._web.ask("GET", self._beside("key"), passing=range(400, 500))
            self._signs_nothing = answer.status_code == _NOT_FOUND
            self._shown_key = _key_in(answer)
        return self._shown_key

    def create(self, item: Item) -> Begun:
        metadata = {"Upload-Length": str(item.size), "Upload-Metadata": _encoded(_metadata(item))}
        answer = self._web.ask("POST", self._url, headers=metadata | {"Content-Length": "0"})
        if "Location" not in answer.headers:
            raise self._web.misdirected(answer)
        # Only the path: the token never leaves the configured server, whatever name it knows itself by.
        try:
            location = urlsplit(urljoin(self._url, answer.headers["Location"]))
        except ValueError:
            raise self._web.misdirected(answer) from None
        return Begun(location.path + (f"?{location.query}" if location.query else ""))

    def offset(self, upload: str, _item: Item) -> int | None:
        answer = self._web.ask("HEAD", self._at(upload), passing=web.GONE)
        if answer.status_code in web.GONE:
            return None
        return _offset_in(answer)

    def send(self, upload: str, source: Source, offset: int, moved: Moved) -> None:
        self._pieces.send(
            offset, source.size, lambda offset, limit: self._send_piece(upload, source, offset, limit, moved)
        )

    def prove(self, upload: str, item: Item, moved: Moved) -> Proof:
        answer = self._web.ask("GET", self._beside(f"receipts/{item.sha256}"), passing=_NO_RECEIPT)
        if answer.status_code == web.ACCEPTED:
            return Pending(web.retry_after(answer))
        if answer.ok and (receipt := _receipt_in(answer)):
            return receipt if self._stands(upload, item) else Lost()
        if self.key() is None:
            return self._read_back(upload, item, moved)
        if answer.status_code in web.UNAUTHORISED:
            raise self._web.refusal(answer)
        return Lost()

    def discard(self, upload: str) -> None:
        try:
            self._web.ask("DELETE", self._at(upload), passing=range(400, 600))
        except ExamError:
            return  # what stays there is unfinished, and no proof of anything

    def close(self) -> None:
        self._shown_key, self._signs_nothing = None, False
        self._web.close()

    def _stands(self, upload: str, item: Item) -> bool:
        """Whether the target took these bytes under this name: its receipt speaks of the content alone."""
        answer = self._web.ask("HEAD", self._at(upload), passing=range(400, 500))
        told = answer.headers.get("Upload-Metadata", "")
        ours = set(_encoded(_metadata(item)).split(","))
        return answer.status_code != _REFUSED and (not told or ours <= set(told.replace(", ", ",").split(",")))

    @cached_property
    def _checks_chunks(self) -> bool:
        answer = self._web.ask("OPTIONS", self._url, passing=range(400, 500))
        algorithms = answer.headers.get("Tus-Checksum-Algorithm", "").replace(" ", "").split(",")
        return "checksum" in answer.headers.get("Tus-Extension", "") and "sha256" in algorithms

    def _send_piece(self, upload: str, source: Source, offset: int, limit: int, moved: Moved) -> int:
        if self._checks_chunks and self.key() is None:
            limit = min(limit, _CHECKED_CHUNK)  # a server that will prove the whole file needs no proof of its parts
        end = min(source.size, offset + limit)
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        body: Body | bytes
        if self._checks_chunks and end - offset <= _CHECKED_CHUNK:
            body = b"".join(bytes(block) for block in source.blocks(offset, end))
            headers["Upload-Checksum"] = "sha256 " + base64.b64encode(hashlib.sha256(body).digest()).decode()
        else:
            body = pieces.body(source, offset, end, moved)
        answer = self._web.ask("PATCH", self._at(upload), headers=headers, body=body, passing=_OUT_OF_STEP)
        if answer.status_code in _OUT_OF_STEP:
            raise web.later(answer)  # the server knows another offset, or no such upload: asked before the next try
        reached = _offset_in(answer)
        if not offset < reached <= end:
            raise web.garbled(answer)
        moved(reached)
        return reached

    def _read_back(self, upload: str, item: Item, moved: Moved) -> Proof:
        """Fetch the stored bytes and hash them here. Anything but exactly `size` bytes is not the file."""
        with self._web.reading(self._at(upload)) as answer:
            if answer.status_code in web.BUSY:
                raise web.later(answer)
            if answer.status_code != web.OK or answer.headers.get("Content-Length") != str(item.size):
                return Unproven()
            digest, got = hashlib.sha256(), 0
            for block in answer.iter_content(web.BLOCK_BYTES):
                digest.update(block)
                got += len(block)
                moved(got)
        if digest.hexdigest() != item.sha256:
            return Lost()
        return Receipt(
            receipt_id=f"read-back-{item.sha256[:16]}",
            server=self._url,
            tier=self._tier,
            sha256=item.sha256,
            size=item.size,
            stored_at=self._now(),
            method="read-back",
        )

    def _at(self, upload: str) -> str:
        """Not joined as a link would be: a path that begins with two slashes would name another server."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc}/{upload.removeprefix('/')}"

    def _beside(self, place: str) -> str:
        return urljoin(self._url, place)


def _metadata(item: Item) -> dict[str, str]:
    folder, _, name = item.path.rpartition("/")
    return {"filename": name, "folder": folder, "sha256": item.sha256, "filetype": _file_type(name)}


def _file_type(name: str) -> str:
    return next((kind for suffix, kind in _FILE_TYPES.items() if name.endswith(suffix)), "application/octet-stream")


def _encoded(metadata: Mapping[str, str]) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


def _offset_in(answer: Answer) -> int:
    text = answer.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise web.garbled(answer)
    return int(text)


def _key_in(answer: Answer) -> bytes | None:
    try:
        key = base64.b64decode(msgspec.json.decode(answer.content, type=dict[str, str])["key"], validate=True)
    except (msgspec.DecodeError, KeyError, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _receipt_in(answer: Answer) -> Receipt | None:
    """A server's own receipt. Reading back is ours to claim, never a server's."""
    try:
        receipt = msgspec.json.decode(answer.content, type=Receipt)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return receipt if receipt.method == "server-hash" else None
