"""Who asks: the school whose token a request carries."""

import asyncio

from starlette.requests import Request

from sync.exchange.accounts import Accounts
from sync.exchange.refusal import Refused


async def school_of(request: Request, accounts: Accounts) -> str:
    """The code of the school that asks. Raises Refused (401) without a valid token; never repeats the token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    school = None
    if scheme.lower() == "bearer" and token.strip():
        school = await asyncio.to_thread(accounts.school_of, token.strip())
    if school is None:
        raise Refused(
            401,
            "bad_token",
            "Ключ доступа (Authorization: Bearer …) не предъявлен или не подходит. Ничего не записано; "
            "проверьте файл с ключом школы или попросите выдать новый.",
            "No valid token (Authorization: Bearer …). Nothing was stored; check the school's token file or ask "
            "for a new token.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return school
