"""Small JSON documents that come as a request's body: bounded, in size and in time."""

import asyncio
from typing import TypeVar

import msgspec
from starlette.requests import Request

from sync.exchange.refusal import Refused

COMES_WITHIN_S = 20.0

T = TypeVar("T")


async def read(request: Request, decoder: "msgspec.json.Decoder[T]", most: int) -> T:
    """The document. Raises Refused: 400 for one that is none, 408 when it does not come, 413 beyond `most` bytes."""
    body = bytearray()
    try:
        async with asyncio.timeout(COMES_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise Refused(413, "too_large", f"Больше {most} байт.", f"More than {most} bytes.")
    except TimeoutError:
        raise Refused(408, "stalled", "Запрос не пришёл целиком.", "The request did not arrive whole.") from None
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "bad_request", f"Запрос непонятен: {error}.", f"The request is unclear: {error}.") from error
