"""WebDAV: a folder on a web server. A shelf (`sync.transports.shelf`), built by `building`.

What the servers do, as `tests/transports/test_webdav_servers.py` shows:

                           Apache mod_dav   nginx dav   wsgidav       rclone serve webdav
    a range is PUT         goes into file   501         400           the file becomes the range
    a PUT is cut           leaves nothing   nothing     what came     what came
    a range's PUT is cut   leaves what came
    PUT without its folder 409              makes it    409           409
    MKCOL of a folder      405              405         405           201
    MOVE of no file        404              404         404           403

None of them syncs a file to its disk before it answers. A file takes four requests: PUT, GET, MOVE, HEAD. Which names
are there is asked once for a folder, and believed only where it says that a name is free: MOVE replaces nothing.
"""

import secrets
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import suppress

from exam.errors import ExamError
from sync.naming import PART_PREFIX
from sync.source import Source
from sync.transports import Moved, pieces, web
from sync.transports.davnames import Address, folders_of, names_in
from sync.transports.pieces import Pieces
from sync.transports.web import Answer, Basic, Bearer, Body, Web

_ABSENT = frozenset({404, 410})
_NO_FOLDER = _ABSENT | {web.CONFLICT}
_TAKEN = 412
_NO_RANGES = frozenset({400, 404, 405, 409, 411, 415, 416, 422, 501})
_NOT_ALLOWED = 405
_NOT_NOW = _NO_FOLDER | {_NOT_ALLOWED}  # servers written in Go say 405 of a full disk, too
_NO_LISTING = frozenset({_NOT_ALLOWED, 501})
_MULTI_STATUS, _PARTIAL, _BEYOND_END = 207, 206, 416
_OTHER_SPELLING = frozenset({400, 409, 502})
_FRESH = {"Cache-Control": "no-cache"}
_LISTING = b'<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getcontentlength/></prop></propfind>'
_PROBE = bytes(range(8))


class WebDav:
    """Shelf at `url`, which must be there. `keyed_by`: the key of sync.toml that names the password or token."""

    def __init__(
        self, url: str, auth: Basic | Bearer, *, keyed_by: str = "token_file", ca_file: str | None = None
    ) -> None:  # fmt: skip
        self._address = Address(url)
        self._web = Web(url, auth, ca_file=ca_file, keyed_by=keyed_by)
        self._pieces = Pieces()
        self._is_webdav = False
        self._ranges: bool | None = None
        self._there: dict[str, set[str] | None] = {}
        self._made: set[str] = set()

    @property
    def appends(self) -> bool:
        """Whether a range goes into the file: tried once. Some servers make it the file."""
        if self._ranges is None:
            self._ranges = self._try_range(f"{PART_PREFIX}probe-{secrets.token_hex(8)}")
        return self._ranges

    def size(self, name: str) -> int | None:
        return None if self._is_free(name) else self._length(name)

    def write(self, name: str, source: Source, offset: int, moved: Moved) -> None:
        if not offset:
            # A range would leave the end of a longer file, so the first bytes replace what is there. They are few:
            # what is cut here is sent again.
            whole = source.size <= pieces.SMALLEST or not self.appends
            first = source.size if whole else pieces.SMALLEST
            self._put(name, lambda: pieces.body(source, 0, first, moved) if first else b"")
            offset = first
        self._pieces.send(offset, source.size, lambda first, limit: self._append(name, source, first, limit, moved))

    def read(self, name: str, offset: int) -> Iterator[bytes]:
        headers = _FRESH | ({"Range": f"bytes={offset}-"} if offset else {})
        with self._web.reading(self._address.of(name), headers=headers) as answer:
            if answer.status_code in _ABSENT or (offset and answer.status_code == _BEYOND_END):
                return
            if answer.status_code not in {web.OK, _PARTIAL}:
                raise self._web.refusal(answer)
            yield from _from_offset(answer, offset)

    def publish(self, part: str, name: str) -> bool:
        refusals: list[Answer] = []
        for destination in self._address.spellings(name):
            headers = {"Destination": destination, "Overwrite": "F"}
            answer = self._ask("MOVE", part, headers=headers, passing=range(400, 600))
            if answer.ok or answer.status_code == _TAKEN:
                self._note(name)
                return answer.ok
            refusals.append(answer)
            if answer.status_code not in _OTHER_SPELLING:
                break
        self._forget()
        there = self._length(part) is not None
        raise self._web.refusal(refusals[0]) if there else web.later(refusals[0])

    def remove(self, name: str) -> None:
        self._ask("DELETE", name, passing=_ABSENT)

    def close(self) -> None:
        self._web.close()

    def _length(self, name: str) -> int | None:
        answer = self._ask("HEAD", name, headers=_FRESH, passing=_ABSENT)
        if answer.status_code in _ABSENT:
            return None
        length = answer.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise web.garbled(answer, "WebDAV")
        return int(length)

    def _append(self, name: str, source: Source, first: int, limit: int, moved: Moved) -> int:
        end = min(source.size, first + limit)
        body = pieces.body(source, first, end, moved)
        answer = self._ask("PUT", name, headers=_range(first, end, source.size), body=body, passing=_NOT_NOW)
        if answer.status_code in _NOT_NOW:
            self._forget()
            raise web.later(answer)  # what is left there is asked before the next try
        return end

    def _put(self, name: str, body: Callable[[], Body | bytes]) -> None:
        """A folder that somebody removed is made again."""
        self._make_folders(name)
        answer = self._ask("PUT", name, body=body(), passing=_NOT_NOW)
        if answer.status_code in _NO_FOLDER:
            self._forget()
            self._make_folders(name)
            answer = self._ask("PUT", name, body=body(), passing={_NOT_ALLOWED})
        if answer.status_code == _NOT_ALLOWED:
            raise web.later(answer) if self._is_webdav else self._web.misdirected(answer)
        self._note(name)

    def _make_folders(self, name: str) -> None:
        for folder in folders_of(name):
            if folder not in self._made:
                answer = self._ask("MKCOL", folder + "/", passing=_NO_FOLDER | {_NOT_ALLOWED})
                if answer.status_code in _NO_FOLDER:
                    raise self._web.misdirected(answer)
                self._is_webdav |= answer.ok
                self._made.add(folder)

    def _try_range(self, name: str) -> bool:
        try:
            self._put(name, lambda: _PROBE)
            half = len(_PROBE)
            headers = _range(half, 2 * half, 2 * half)
            answer = self._ask("PUT", name, headers=headers, body=_PROBE, passing=_NO_RANGES)
            return answer.ok and b"".join(self.read(name, 0)) == 2 * _PROBE
        finally:
            with suppress(ExamError):
                self.remove(name)

    def _is_free(self, name: str) -> bool:
        folder, _, leaf = name.rpartition("/")
        if folder not in self._there:
            self._there[folder] = self._names_in(folder)
        there = self._there[folder]
        return there is not None and leaf not in there

    def _names_in(self, folder: str) -> set[str] | None:
        """None where the server does not tell."""
        answer = self._ask(
            "PROPFIND", f"{folder}/" if folder else "", headers={"Depth": "1"}, body=_LISTING,
            passing=_ABSENT | _NO_LISTING,
        )  # fmt: skip
        if answer.status_code in _ABSENT:
            return set()
        if answer.status_code in _NO_LISTING:
            return None
        if answer.status_code != _MULTI_STATUS:
            raise web.garbled(answer, "WebDAV")
        self._is_webdav = True
        return names_in(answer.content)

    def _note(self, name: str) -> None:
        folder, _, leaf = name.rpartition("/")
        there = self._there.get(folder)
        if there is not None:
            there.add(leaf)

    def _forget(self) -> None:
        """After a failure nothing is sure: another disk may stand there."""
        self._there.clear()
        self._made.clear()

    def _ask(
        self, method: str, name: str, *, headers: Mapping[str, str] | None = None, body: Body | bytes | None = None,
        passing: Container[int] = (),
    ) -> Answer:  # fmt: skip
        try:
            answer = self._web.ask(method, self._address.of(name), headers=headers, body=body, passing=passing)
        except ExamError:
            self._forget()
            raise
        if answer.status_code == web.OK and answer.headers.get("Content-Type", "").startswith("text/html"):
            raise web.garbled(answer, "WebDAV")
        return answer


def _range(first: int, end: int, size: int) -> dict[str, str]:
    return {"Content-Range": f"bytes {first}-{end - 1}/{size}"}


def _from_offset(answer: Answer, offset: int) -> Iterator[bytes]:
    """A server that ignores ranges gives the whole file."""
    if answer.status_code == _PARTIAL and not answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
        raise web.garbled(answer, "WebDAV")
    skip = offset if answer.status_code == web.OK else 0
    for block in answer.iter_content(web.BLOCK_BYTES):
        if skip < len(block):
            yield block[skip:]
        skip = max(skip - len(block), 0)
