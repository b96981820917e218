"""Who may use a page: launch tokens, sessions, which Host and Origin are ours. Decisions only, no I/O.

Loopback is open to every user and every web site of this computer: so nothing is answered without a session, a session
begins with a launch token, and tokens are given only to those who may open the program's socket (`entrance`).
"""

import hashlib
import ipaddress
import secrets
from collections.abc import Sequence

from exam.clock import NS_PER_S

_TOKEN_BYTES = 32
_TICKET_NS = 120 * NS_PER_S
_MOST_TICKETS = 16
_MOST_SESSIONS = 16
_HTTP = "http://"


class Tickets:
    """Launch tokens: each opens one session, soon."""

    def __init__(self) -> None:
        self._until_ns: dict[str, int] = {}

    def issue(self, now_ns: int) -> str:
        """A new one; the oldest of very many is forgotten."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._until_ns[_hashed(token)] = now_ns + _TICKET_NS
        while len(self._until_ns) > _MOST_TICKETS:
            self._until_ns.pop(next(iter(self._until_ns)))
        return token

    def take(self, token: str, now_ns: int) -> bool:
        """Whether it is valid; it is not any more."""
        return now_ns < self._until_ns.pop(_hashed(token), 0)

    def revoke(self, token: str) -> None:
        """Nobody waits to use it any longer."""
        self._until_ns.pop(_hashed(token), None)


class Sessions:
    """Browsers that were let in. Only hashes are kept, so that what is on disk lets nobody in."""

    def __init__(self, hashes: Sequence[str] = ()) -> None:
        self._hashes = list(hashes)[-_MOST_SESSIONS:]

    def open(self) -> str:
        """A new session's cookie; the oldest of very many ends."""
        cookie = secrets.token_urlsafe(_TOKEN_BYTES)
        self._hashes = [*self._hashes, _hashed(cookie)][-_MOST_SESSIONS:]
        return cookie

    def knows(self, cookie: str | None) -> bool:
        return cookie is not None and _hashed(cookie) in self._hashes

    @property
    def hashes(self) -> Sequence[str]:
        """What must be kept of them."""
        return tuple(self._hashes)


def cookie_name(program: str, *whose: str) -> str:
    """Browsers do not keep ports apart: two pages of one computer must not take each other's cookie."""
    return f"{program}_" + _hashed("-".join(whose))[:12]


def is_our_host(told: str, address: tuple[str, int], configured: str) -> bool:
    """Whether the Host header names this very server, port included.

    `address`: what the connection arrived at. A name that an attacker's DNS has led to us is not ours, whatever
    address it stands for; an address is, if it is the one arrived at.
    """
    name, _, port = told.lower().rpartition(":")
    ip = ipaddress.ip_address(address[0])
    ours = {f"[{ip}]" if ip.version == 6 else str(ip), configured.lower()}  # noqa: PLR2004 - IPv6
    if ip.is_loopback:
        ours.add("localhost")
    return port == str(address[1]) and name in ours


def is_our_origin(origin: str | None, host: str) -> bool:
    """Whether a page of ours sent it; `host` has been found to be ours."""
    return origin is not None and origin.lower() == _HTTP + host.lower()


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
