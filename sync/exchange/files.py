"""The tus endpoints: create, ask for the offset, append, terminate. A school sees only its own uploads."""

import asyncio
import secrets
from concurrent.futures import Future

from starlette.requests import Request
from starlette.responses import Response

from sync.exchange import pools, protocol
from sync.exchange.access import Entrance
from sync.exchange.expiry import Expiry
from sync.exchange.holds import Holds
from sync.exchange.incoming import Incoming, unknown
from sync.exchange.intake import Intake
from sync.exchange.protocol import Append
from sync.exchange.refusal import Refused
from sync.exchange.register import Register, State, Upload
from sync.exchange.space import Space
from sync.exchange.verifier import Settled, Verifier

PATH = "/files"
VERDICT_WITHIN_S = 0.5
"""Seconds the last answer of an upload waits for its SHA-256: most files hear at once that they are wrong."""
_ID_BYTES = 24


class Files:
    """What a school does with its uploads. Lives on the event loop."""

    def __init__(
        self,
        entrance: Entrance,
        register: Register,
        incoming: Incoming,
        space: Space,
        *,
        holds: Holds,
        verifier: Verifier,
        expiry: Expiry,
    ) -> None:
        self._entrance = entrance
        self._register = register
        self._incoming = incoming
        self._space = space
        self._holds = holds
        self._verifier = verifier
        self._expiry = expiry
        self._intake = Intake()

    async def options(self, _request: Request) -> Response:
        return Response(status_code=204, headers=protocol.CAPABILITIES)

    async def create(self, request: Request) -> Response:
        school = await self._enter(request)
        wish = protocol.creation(request.headers)
        first = self._first_part(request)
        if first:
            protocol.admit(first, 0, wish.length)
        upload = await pools.synced(self._open, school, wish)
        headers = {"Location": f"{PATH}/{upload.id}"}
        if first:
            headers["Upload-Offset"] = str(await self._append(upload, first, request))
        elif wish.length == 0:
            await self._whole(upload)
        return self._answer(201, headers, upload)

    async def offset(self, request: Request) -> Response:
        upload = await self._find(request)
        headers = {
            "Upload-Offset": str(await pools.synced(self._incoming.synced_offset, upload)),
            "Upload-Length": str(upload.length),
            "Cache-Control": "no-store",
        }
        if upload.metadata:
            headers["Upload-Metadata"] = upload.metadata
        return self._answer(200, headers, upload)

    async def append(self, request: Request) -> Response:
        upload = await self._find(request)
        wish = protocol.append(request.headers)
        return self._answer(204, {"Upload-Offset": str(await self._append(upload, wish, request))}, upload)

    async def terminate(self, request: Request) -> Response:
        upload = await self._find(request)
        with self._holds.hold(upload.id):
            await pools.synced(self._remove, upload)
        return Response(status_code=204, headers=protocol.RESUMABLE)

    async def _enter(self, request: Request) -> str:
        school = await self._entrance.school_of(request)
        protocol.check_version(request.headers)
        return school

    async def _find(self, request: Request) -> Upload:
        """The upload asked for. Raises Refused: 404 unknown here, 410 quarantined."""
        school = await self._enter(request)
        upload = await asyncio.to_thread(self._register.find, request.path_params["upload_id"])
        if upload is None or upload.school != school:
            raise unknown()
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
        self._space.admit(upload)
        try:
            self._incoming.begin(upload)
        except OSError:
            self._register.forget(upload)
            raise
        return upload

    async def _append(self, upload: Upload, wish: Append, request: Request) -> int:
        """Take the body in; the offset after it, on disk. A whole upload goes to the verifier, come what may."""
        with self._holds.hold(upload.id):
            offset = await asyncio.to_thread(self._incoming.offset, upload)
            protocol.admit(wish, offset, upload.length)
            if offset < upload.length:
                offset = await self._take_in(upload, wish, request)
        if offset == upload.length:
            await self._whole(upload)
        return offset

    async def _take_in(self, upload: Upload, wish: Append, request: Request) -> int:
        tail = await asyncio.to_thread(self._incoming.append_to, upload, wish.checksum)
        try:
            await self._intake.receive(request.stream(), tail, upload.length - tail.offset)
        finally:
            tail.close()
            if tail.offset == upload.length:
                self._verifier.submit(upload)  # also when the connection broke after the last byte
        return tail.offset

    async def _whole(self, upload: Upload) -> None:
        """Have the upload verified. Raises Refused (460) when its SHA-256 proves wrong soon enough to say so."""
        settled = self._verifier.submit(upload)
        if upload.announced is None:
            return
        verdict = await _within(settled, VERDICT_WITHIN_S)
        if verdict and verdict.state is State.QUARANTINED:
            raise _quarantined(460, verdict)

    def _remove(self, upload: Upload) -> None:
        if self._incoming.offset(upload) == upload.length:
            raise Refused(
                403,
                "whole",
                "Файл принят целиком; принятое сервер не удаляет по просьбе отправителя.",
                "The file arrived whole; the server does not delete what arrived at the sender's wish.",
            )
        self._incoming.drop(upload)

    def _answer(self, status: int, headers: dict[str, str], upload: Upload) -> Response:
        return Response(status_code=status, headers=protocol.RESUMABLE | headers | self._expiry.headers(upload))


async def _within(settled: Future[Settled], seconds: float) -> Settled:
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(settled)), seconds)
    except TimeoutError:
        return None


def _quarantined(status: int, upload: Upload) -> Refused:
    ru, _, en = (upload.reason or "").partition("\n")
    return Refused(status, "quarantined", ru, en)
