"""One bucket of any S3: its REST calls, signed, every answer bounded.

Used by `sync.transports.s3`, and by the exchange where it stores in S3. Path-style addresses, which every S3 knows.
Raises Transient, Rejected, Fatal (see `sync.transports.storage_errors`).

Why no S3 client: a boto3 client costs 49 MiB of memory, 0.3 s and 33 MiB of disk before its first byte, minio's 30 MiB
and 17 MiB of disk; `requests`, which the agent has anyway, 27 MiB and 0.1 s, and a signer for it 0.1 MiB more. Nor
does either send a part under the time limits of `sync.transports.web`.

A part goes with its MD5 and is signed with its SHA-256: what was damaged on the way is refused for one or the other
(SeaweedFS looks at the first only). x-amz-checksum-* would be a third, but AWS refuses it with a part unless it was
announced when the upload began, which others do not know.
"""

import base64
import hashlib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote, urlencode

from sync.transports import Moved
from sync.transports.readback import unheard
from sync.transports.signing import Content, Piece, Signer
from sync.transports.storage_errors import Refusals
from sync.transports.storage_words import Words, bounded, code_in, escaped, garbled, number
from sync.transports.web import Answer, Web

SMALLEST_PART = 5 * 1024 * 1024
"""Bytes of the smallest part, but for an upload's last one."""
MOST_PARTS = 10_000
PARTIAL = 206

_FORBIDDEN, _NOT_FOUND, _TAKEN, _BEYOND, _UNKNOWN = 403, 404, 412, 416, 501
_PARTS_A_PAGE = 1000
_NONE: Mapping[str, str] = {}


class Part(NamedTuple):
    """`size` in bytes; `etag` as the storage told it."""

    number: int
    size: int
    etag: str


class _Reply(NamedTuple):
    answer: Answer
    content: bytes
    code: str

    @property
    def status(self) -> int:
        return self.answer.status_code


class Bucket:
    """`url`: the endpoint. `key` is an object's name in the bucket; `upload` the id of a multipart upload."""

    def __init__(
        self, url: str, bucket: str, access_key: str, secret_key: str, *,
        region: str = "us-east-1", ca_file: str | None = None, renewed: Callable[[], Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        """`renewed`: tells both keys as they are now, at every request."""
        self._place = f"{url}/{quote(bucket, safe='')}"
        self._signer = Signer(access_key, secret_key, region, renewed)
        self._web = Web(url, self._signer, ca_file=ca_file)
        self._refusals = Refusals(url, bucket)
        self._knows_conditions = True
        self.parts_a_page = _PARTS_A_PAGE

    def check(self) -> None:
        """Raise Fatal where there is no such bucket: some storages would make it at the first object."""
        reply = self._ask("HEAD", "", passing=range(400, 500))
        if reply.status == _NOT_FOUND:
            raise self._refusals.no_bucket()

    def size(self, key: str) -> int | None:
        """Bytes of the object; None where there is none."""
        reply = self._ask("HEAD", key, passing={_NOT_FOUND})
        return None if reply.status == _NOT_FOUND else number(reply.answer.headers.get("Content-Length"))

    def put(self, key: str, content: Content, moved: Moved = unheard) -> bool:
        """Store a small object; False, and nothing changed, where one lies there."""
        reply = self._unless_taken("PUT", key, _NONE, content, moved)
        return reply is not None and not self._gone(reply)

    def begin(self, key: str) -> str:
        """Begin a multipart upload, and return its id."""
        return Words(self._ask("POST", key, {"uploads": ""}).content).one("UploadId")

    def put_part(self, key: str, upload: str, part: int, content: Content, moved: Moved = unheard) -> None:
        """Store part number `part` (1 to MOST_PARTS), instead of what it was."""
        self._ask("PUT", key, {"partNumber": str(part), "uploadId": upload}, content=content, moved=moved)

    def parts(self, key: str, upload: str) -> list[Part] | None:
        """What an upload under way consists of, by number; None where there is no such upload.

        A part sent twice (by a connection that outlived its agent, say) is told once: SeaweedFS lists both.
        """
        found: dict[int, Part] = {}
        more = True
        while more:
            after = max(found, default=0)
            query = {"max-parts": str(self.parts_a_page), "part-number-marker": str(after), "uploadId": upload}
            reply = self._ask("GET", key, query, passing={_NOT_FOUND})
            if self._gone(reply):
                return None
            words = Words(reply.content)
            found |= {part.number: part for part in map(_part, words.each("Part"))}
            more = words.one("IsTruncated") == "true"
            if more and max(found, default=0) <= after:
                raise garbled()
        return [found[part] for part in sorted(found)]

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> bool:
        """Make the object of its parts; False, and nothing changed, where one lies there.

        An upload that is none (any more) is no error: what lies at `key` is to be looked at in any case.
        """
        listed = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>{escaped(part.etag)}</ETag></Part>" for part in parts
        )
        content = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        reply = self._unless_taken("POST", key, {"uploadId": upload}, content)
        if reply is None:
            return False
        if not self._gone(reply) and Words(reply.content).is_error:  # it took long, so 200 was said before
            raise self._refusals.error(reply.answer, code_in(reply.content))
        return True

    def abort(self, key: str, upload: str) -> None:
        """Forget an upload and its parts; one that is none is no error."""
        self._ask("DELETE", key, {"uploadId": upload}, passing={_NOT_FOUND})

    @contextmanager
    def reading(self, key: str, offset: int = 0, version: str = "") -> Iterator[Answer | None]:
        """The object from byte `offset` on, its body to be read in the block; None where there is none.

        Asked with an offset, for the object whose ETag was `version`, a status other than PARTIAL says that it is
        not there any more.
        """
        headers = {"Range": f"bytes={offset}-", "If-Match": version} if offset else _NONE
        passing = {_NOT_FOUND, _TAKEN, _BEYOND} if offset else {_NOT_FOUND}
        with self._exchange("GET", key, headers=headers) as answer:
            if answer.status_code == _NOT_FOUND:
                self._gone(self._reply(answer))
                yield None
            elif answer.status_code in passing or (answer.ok and not answer.is_redirect):
                yield answer
            else:
                raise self._refusals.error(answer, code_in(bounded(answer)))

    def close(self) -> None:
        self._web.close()

    def _unless_taken(
        self, method: str, key: str, query: Mapping[str, str], content: Content, moved: Moved = unheard
    ) -> _Reply | None:
        """None where an object lies at `key`. A storage that knows no conditions is asked first: the best it can."""
        if self._knows_conditions:
            headers, passing = {"If-None-Match": "*"}, {_TAKEN, _NOT_FOUND, _UNKNOWN}
            reply = self._ask(method, key, query, headers=headers, content=content, moved=moved, passing=passing)
            if reply.status != _UNKNOWN:
                return None if reply.status == _TAKEN else reply
            self._knows_conditions = False
        if self.size(key) is not None:
            return None
        return self._ask(method, key, query, content=content, moved=moved, passing={_NOT_FOUND})

    def _ask(
        self, method: str, key: str, query: Mapping[str, str] = _NONE, *, headers: Mapping[str, str] = _NONE,
        content: Content | None = None, moved: Moved = unheard, passing: Container[int] = (),
    ) -> _Reply:  # fmt: skip
        """One exchange. Statuses in `passing` are the caller's to judge; other refusals are raised as errors."""
        with self._exchange(method, key, query, headers=headers, content=content, moved=moved) as answer:
            reply = self._reply(answer)
        if reply.status in passing or (answer.ok and not answer.is_redirect):
            return reply
        raise self._refusals.error(answer, reply.code)

    @contextmanager
    def _exchange(
        self, method: str, key: str, query: Mapping[str, str] = _NONE, *, headers: Mapping[str, str] = _NONE,
        content: Content | None = None, moved: Moved = unheard,
    ) -> Iterator[Answer]:  # fmt: skip
        """Asked a second time when the first answer shows that one of the two clocks is wrong."""
        url = f"{self._place}/{quote(key, safe='/~')}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        if content is not None:
            digest = hashlib.md5(content, usedforsecurity=False).digest()
            headers = {**headers, "Content-MD5": base64.b64encode(digest).decode()}
        for again in (True, False):
            body = None if content is None else Piece(content, moved) if content else b""
            with self._web.reading(url, method=method, headers=headers, body=body) as answer:
                doubtful = again and answer.status_code == _FORBIDDEN
                if doubtful and self._signer.learn(answer.headers.get("Date")):
                    continue
                yield answer
                return

    def _reply(self, answer: Answer) -> _Reply:
        content = bounded(answer)
        return _Reply(answer, content, "" if answer.ok else code_in(content))

    def _gone(self, reply: _Reply) -> bool:
        """Whether the object or upload is not there. Raises Fatal where the bucket is not, or this is no S3."""
        if reply.status != _NOT_FOUND:
            return False
        if reply.code in {"NoSuchUpload", "NoSuchKey"}:
            return True
        raise self._refusals.error(reply.answer, reply.code)


def _part(told: Mapping[str, str]) -> Part:
    return Part(number(told.get("PartNumber")), number(told.get("Size")), told.get("ETag", ""))
