"""What a school's drive needs of an exchange that is served: whom to believe, where it is, a token for the errand.

Called by `sync.drives`, beside the server; everything else goes over the network as from any other client.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from exam.errors import Rejected
from sync.exchange.accounts import Accounts
from sync.exchange.database import opened
from sync.exchange.listening import Listening, known
from sync.exchange.tokens import Tokens
from sync.exchange.yard import Yard

_TOKEN_BYTES = 32
_COMPUTER = "drive"
"""By this name those who list tokens see what it was made for."""
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not opened


class Address(Struct, frozen=True):
    """Where uploads are created; `fingerprint`: of the one certificate that is the server's."""

    url: str
    fingerprint: str | None


def keys_of(folder: Path, school: str) -> list[str]:
    """The SHA-256 of every token of the school that is valid now; none for an unknown one. Raises Transient."""
    with opened(folder) as database:
        own = Accounts(database).key(school)
        return [*([own] if own else []), *Tokens(database).keys(school)]


def address_of(folder: Path, url: str | None = None) -> Address:
    """Where the exchange of this folder listens, or `url`. Raises Rejected when it was never served."""
    there = known(Yard(folder))
    if url is not None:
        is_same = there is not None and urlsplit(url).port == there.port
        return Address(url, there.fingerprint if there and is_same and url.startswith("https:") else None)
    if there is None:
        raise Rejected(
            f"Обмен в папке {folder} ещё не запускали. Проверьте папку и запустите: station-sync exchange serve.",
            f"The exchange of {folder} was never served. Check the folder, and run station-sync exchange serve.",
            code="not_served",
        )
    return Address(_url(there), there.fingerprint)


@contextmanager
def token_for(folder: Path, school: str) -> Iterator[str]:
    """A token of the school, void again when this is left, also by an error; one that a killed call left is, too.

    Raises Transient, Rejected.
    """
    with opened(folder) as database:
        tokens, now = Tokens(database), datetime.now(UTC)
        for left in tokens.of(school):
            if left.computer == _COMPUTER and left.state(now) == "valid":
                tokens.revoke(school, left.number, now)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        secret, _ = tokens.invite(school, "", now)
        made = tokens.pair(secret, token, school=school, room="", computer=_COMPUTER, now=now)
        try:
            yield token
        finally:
            tokens.revoke(school, made.number, datetime.now(UTC))


def _url(there: Listening) -> str:
    host = _LOOPBACK.get(there.host, there.host)
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if there.fingerprint else 'http'}://{shown}:{there.port}/files"
