"""The endpoints for rooms' computers: to be paired by an invitation, and to tell how the room is."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec import structs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sync import pairwords, roomword
from sync.exchange import notes
from sync.exchange.access import Entrance
from sync.exchange.identity import Identity
from sync.exchange.refusal import Refused
from sync.exchange.rooms import Rooms
from sync.exchange.tokens import Tokens

_ASKED = msgspec.json.Decoder(pairwords.Asked)
_WORD = msgspec.json.Decoder(roomword.RoomWord)


class RoomEndpoints:
    """`now`: the exchange's clock."""

    def __init__(
        self, entrance: Entrance, tokens: Tokens, rooms: Rooms, identity: Identity,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._entrance, self._tokens, self._rooms = entrance, tokens, rooms
        self._identity, self._now = identity, now

    async def pair(self, request: Request) -> Response:
        """An invitation's secret for a token that the computer made itself: whoever asks knows the secret, and the
        certificate by which it came here."""
        asked = await notes.read(request, _ASKED, pairwords.MAX_BYTES)
        given = await asyncio.to_thread(self._pair, asked)
        return JSONResponse(msgspec.to_builtins(given))

    async def hear(self, request: Request) -> Response:
        """What a room tells; nothing is answered. A computer with a token of its own speaks for itself alone, whatever
        name it gives."""
        school = await self._entrance.school_of(request)
        word = await notes.read(request, _WORD, roomword.MAX_BYTES)
        if word.room != request.path_params["room"]:
            raise Refused(400, "other_room", "В запросе другая аудитория.", "The request is about another room.")
        computer = await self._entrance.computer_of(request)
        told = structs.replace(word, computer=computer) if computer else word
        await asyncio.to_thread(self._rooms.hear, school, told, self._now())
        return Response(status_code=204)

    def _pair(self, asked: pairwords.Asked) -> pairwords.Given:
        token = self._tokens.pair(
            asked.secret, asked.token, school=asked.school, room=asked.room, computer=asked.computer, now=self._now()
        )
        return pairwords.Given(token.school, token.room, token.number, self._identity.public_base64)
