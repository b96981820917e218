"""The tus endpoints: create, ask for the offset, append, terminate. A school sees only its own uploads."""

import asyncio
import secrets
import shutil
from concurrent.futures import Future
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from exam import durable
from sync.exchange import protocol
from sync.exchange.access import school_of
from sync.exchange.accounts import Accounts
from sync.exchange.holds import Holds
from sync.exchange.intake import Tail, receive
from sync.exchange.protocol import Append
from sync.exchange.refusal import Refused
from sync.exchange.register import Register, State, Upload
from sync.exchange.verifier import Settled, Verifier
from sync.exchange.yard import Yard

PATH = "/files"
RESERVE = 256 * 1024**2
"""Bytes kept free on the disk, so that the register and what is on its way can still be written."""
VERDICT_WITHIN_S = 0.5
"""Seconds the last answer of an upload waits for its SHA-256: most files hear at once that they are wrong."""
_ID_BYTES = 24


class Files:
    """What a school does with its uploads."""

    def __init__(self, accounts: Accounts, register: Register, yard: Yard, holds: Holds, verifier: Verifier) -> None:
        self._accounts = accounts
        self._register = register
        self._yard = yard
        self._holds = holds
        self._verifier = verifier

    async def options(self, _request: Request) -> Response:
        return Response(status_code=204, headers=protocol.CAPABILITIES)

    async def create(self, request: Request) -> Response:
        school = await self._enter(request)
        wish = protocol.creation(request.headers)
        first = self._first_part(request)
        if first:
            protocol.admit(first, 0, wish.length)
        upload = await asyncio.to_thread(self._open, school, wish)
        headers = {"Location": f"{PATH}/{upload.id}"}
        if first:
            headers["Upload-Offset"] = str(await self._append(upload, first, request))
        elif wish.length == 0:
            await self._whole(upload)
        return self._answer(201, headers)

    async def offset(self, request: Request) -> Response:
        upload = await self._find(request)
        headers = {
            "Upload-Offset": str(await asyncio.to_thread(self._on_disk, upload)),
            "Upload-Length": str(upload.length),
            "Cache-Control": "no-store",
        }
        if upload.metadata:
            headers["Upload-Metadata"] = upload.metadata
        return self._answer(200, headers)

    async def append(self, request: Request) -> Response:
        upload = await self._find(request)
        wish = protocol.append(request.headers)
        return self._answer(204, {"Upload-Offset": str(await self._append(upload, wish, request))})

    async def terminate(self, request: Request) -> Response:
        upload = await self._find(request)
        with self._holds.hold(upload.id):
            await asyncio.to_thread(self._remove, upload)
        return self._answer(204, {})

    async def _enter(self, request: Request) -> str:
        school = await school_of(request, self._accounts)
        protocol.check_version(request.headers)
        return school

    async def _find(self, request: Request) -> Upload:
        """The upload asked for. Raises Refused: 404 unknown here, 410 quarantined."""
        school = await self._enter(request)
        upload = await asyncio.to_thread(self._register.find, request.path_params["upload_id"])
        if upload is None or upload.school != school:
            raise _unknown()
        if upload.state is State.QUARANTINED:
            raise _quarantined(410, upload)
        return upload

    def _first_part(self, request: Request) -> Append | None:
        """The body of a creation-with-upload."""
        if not protocol.body_size(request.headers) and "transfer-encoding" not in request.headers:
            return None
        protocol.check_body_type(request.headers)
        return Append(0, protocol.body_size(request.headers), protocol.checksum(request.headers))

    def _open(self, school: str, wish: protocol.Creation) -> Upload:
        upload_id = secrets.token_urlsafe(_ID_BYTES)
        upload = Upload(
            id=upload_id,
            school=school,
            folder=wish.folder,
            filename=wish.filename or f"upload-{upload_id}",
            length=wish.length,
            announced=wish.sha256,
            metadata=wish.metadata,
        )
        path = self._yard.incoming(school, upload.id)
        durable.make_folder(path.parent)
        _check_room(path.parent, wish.length)
        self._register.add(upload)  # first, so that a crash leaves no file that nothing is known of
        path.touch(mode=0o640, exist_ok=False)
        durable.sync(path.parent)
        return upload

    async def _append(self, upload: Upload, wish: Append, request: Request) -> int:
        """Take the body in; the offset after it, on disk. A whole upload goes to the verifier, come what may."""
        with self._holds.hold(upload.id):
            offset = await asyncio.to_thread(self._on_disk, upload)
            protocol.admit(wish, offset, upload.length)
            if offset < upload.length:
                offset = await self._take_in(upload, wish, request)
        if offset == upload.length:
            await self._whole(upload)
        return offset

    async def _take_in(self, upload: Upload, wish: Append, request: Request) -> int:
        tail = await asyncio.to_thread(Tail, self._yard.incoming(upload.school, upload.id), wish.checksum)
        try:
            await receive(request.stream(), tail, upload.length - tail.offset)
        finally:
            tail.close()
            if tail.offset == upload.length:
                self._verifier.submit(upload.id)  # also when the connection broke after the last byte
        return tail.offset

    async def _whole(self, upload: Upload) -> None:
        """Have the upload verified. Raises Refused (460) when its SHA-256 proves wrong soon enough to say so."""
        settled = self._verifier.submit(upload.id)
        if upload.announced is None:
            return
        verdict = await _within(settled, VERDICT_WITHIN_S)
        if verdict and verdict.state is State.QUARANTINED:
            raise _quarantined(460, verdict)

    def _on_disk(self, upload: Upload) -> int:
        """The offset. A whole file may be moved to its place at any moment, an unfinished one stays where it is."""
        try:
            return self._yard.incoming(upload.school, upload.id).stat().st_size
        except FileNotFoundError:
            now = self._register.find(upload.id)
            if now is None or now.state is State.RECEIVING:
                raise _unknown() from None
            return upload.length

    def _remove(self, upload: Upload) -> None:
        if self._on_disk(upload) == upload.length:
            raise Refused(
                403,
                "whole",
                "Файл принят целиком; принятое сервер не удаляет по просьбе отправителя.",
                "The file arrived whole; the server does not delete what arrived at the sender's wish.",
            )
        path = self._yard.incoming(upload.school, upload.id)
        path.unlink()
        durable.sync(path.parent)
        self._register.forget(upload)

    def _answer(self, status: int, headers: dict[str, str]) -> Response:
        return Response(status_code=status, headers=protocol.RESUMABLE | headers)


async def _within(settled: Future[Settled], seconds: float) -> Settled:
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(settled)), seconds)
    except TimeoutError:
        return None


def _check_room(folder: Path, length: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < length + RESERVE:
        raise Refused(
            507,
            "no_room",
            f"На диске сервера нет места: нужно {length} байт, свободно {free}. Ничего не записано; "
            "освободите место на сервере и повторите.",
            f"No room on the server's disk: {length} bytes needed, {free} free. Nothing was stored; make room on "
            "the server and try again.",
        )


def _unknown() -> Refused:
    return Refused(
        404,
        "unknown",
        "У этой школы нет такой отправки. Начните отправку заново.",
        "This school has no such upload. Start a new one.",
    )


def _quarantined(status: int, upload: Upload) -> Refused:
    ru, _, en = (upload.reason or "").partition("\n")
    return Refused(status, "quarantined", ru, en)
