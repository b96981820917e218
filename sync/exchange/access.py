"""Who asks: the school whose token a request carries, its own or that of one of its computers."""

import asyncio

from starlette.requests import Request

from sync.exchange.accounts import Accounts
from sync.exchange.connections import PER_SCHOOL, Connections
from sync.exchange.ground import Ground
from sync.exchange.refusal import Refused
from sync.exchange.tokens import Tokens


class Entrance:
    """Where tokens are looked at; a connection that showed one is `connections`' to keep."""

    def __init__(self, accounts: Accounts, tokens: Tokens, connections: Connections, ground: Ground) -> None:
        self._accounts, self._tokens, self._connections = accounts, tokens, connections
        self._ground = ground

    async def school_of(self, request: Request) -> str:
        """The code of the school that asks. Never repeats the token.

        Raises Refused: 401 without a valid token, 429 when the school has too many connections; Transient when
        the exchange's folder is not there.
        """
        token = _token(request)
        school = await asyncio.to_thread(self._school_of, token) if token else None
        if school is None:
            raise _stranger()
        client = request.client
        if client is not None and not self._connections.known((client.host, client.port), school):
            raise _too_many()
        return school

    async def computer_of(self, request: Request) -> str | None:
        """The computer whose own token a request carries; None where it is the school's, which any may use."""
        return await asyncio.to_thread(self._tokens.computer_of, _token(request))

    def _school_of(self, token: str) -> str | None:
        self._ground.check()
        return self._accounts.school_of(token) or self._tokens.school_of(token)


def _token(request: Request) -> str:
    """Empty where none is shown."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _stranger() -> Refused:
    return Refused(
        401,
        "bad_token",
        "Ключ доступа (Authorization: Bearer …) не предъявлен или не подходит. Ничего не записано; "
        "проверьте файл с ключом школы или попросите выдать новый.",
        "No valid token (Authorization: Bearer …). Nothing was stored; check the school's token file or ask "
        "for a new token.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _too_many() -> Refused:
    return Refused(
        429,
        "too_many_connections",
        f"У школы открыто {PER_SCHOOL} соединений, больше нельзя. Ничего не записано; закончите одно из них и "
        "повторите.",
        f"The school has {PER_SCHOOL} connections open and may have no more. Nothing was stored; finish one of them "
        "and try again.",
        headers={"Retry-After": "10", "Connection": "close"},
    )
