"""The endpoints that prove arrival: receipts by SHA-256, and the key they are signed with."""

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sync.exchange import protocol
from sync.exchange.access import Entrance
from sync.exchange.holds import Holds
from sync.exchange.identity import Identity
from sync.exchange.refusal import Refused
from sync.exchange.register import Register, State, Upload
from sync.exchange.verifier import Verifier
from sync.exchange.yard import Yard

_ON_ITS_WAY = {State.RECEIVING, State.VERIFIED}


class Receipts:
    """Answers what is known of a content; asking also has whatever waits for verification taken up again."""

    def __init__(
        self,
        entrance: Entrance,
        register: Register,
        yard: Yard,
        holds: Holds,
        verifier: Verifier,
        *,
        identity: Identity,
    ) -> None:
        self._entrance = entrance
        self._register = register
        self._yard = yard
        self._holds = holds
        self._verifier = verifier
        self._identity = identity

    async def key(self, _request: Request) -> Response:
        return JSONResponse({"key": self._identity.public_base64})

    async def receipt(self, request: Request) -> Response:
        school = await self._entrance.school_of(request)
        sha256 = request.path_params["sha256"].lower()
        if not protocol.is_sha256(sha256):
            raise _unknown()
        return await asyncio.to_thread(self._answer, school, sha256)

    def _answer(self, school: str, sha256: str) -> Response:
        answer = self._look(school, sha256, self._register.unnamed_content(school))
        if answer is None:  # between register and disk one may have been given its name, or its place
            answer = self._look(school, sha256, ())
        if answer is None:
            raise _unknown()
        return answer

    def _look(self, school: str, sha256: str, unnamed: Sequence[Upload]) -> Response | None:
        """The receipt, or 202 while it is on its way; None where nothing is known of such content."""
        known = self._register.of_content(school, sha256)
        stored = [upload for upload in known if upload.state is State.STORED]
        waiting = self._whole(known)
        if stored and _in_place(waiting, stored):
            return Response(stored[-1].receipt, media_type="application/json")
        waiting = waiting or self._whole(unnamed)
        if waiting:
            self._hurry(waiting)
            return Response("", 202, {"Retry-After": "1"})
        quarantined = [upload for upload in known if upload.state is State.QUARANTINED]
        if quarantined:
            ru, _, en = (quarantined[-1].reason or "").partition("\n")
            raise Refused(410, "quarantined", ru, en)
        return None

    def _hurry(self, waiting: Sequence[Upload]) -> None:
        for upload in waiting:
            if upload.id not in self._holds:  # its last bytes may still be cut off again
                self._verifier.submit(upload)

    def _whole(self, uploads: Sequence[Upload]) -> list[Upload]:
        return [upload for upload in uploads if upload.state in _ON_ITS_WAY and self._is_whole(upload)]

    def _is_whole(self, upload: Upload) -> bool:
        try:
            return self._yard.incoming(upload.school, upload.id).stat().st_size == upload.length
        except FileNotFoundError:
            return upload.state is State.VERIFIED  # just moved to its place, not yet signed for


def _in_place(waiting: Sequence[Upload], stored: Sequence[Upload]) -> bool:
    """Whether all that waits lies under its name already: the same content may arrive under a second name."""
    names = {(upload.folder, upload.filename) for upload in stored}
    return all((upload.folder, upload.filename) in names for upload in waiting)


def _unknown() -> Refused:
    return Refused(
        404,
        "unknown",
        "Файла с таким SHA-256 от этой школы не было. Отправьте его.",
        "No file with this SHA-256 came from this school. Send it.",
    )
