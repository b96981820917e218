"""Who may use the page: launch tokens, sessions, which Host and Origin are ours, the PIN. Decisions only, no I/O.

Loopback is open to every user and every web site of this computer: so nothing is answered without a session, a session
begins with a launch token, and tokens are given only to those who may open the station's socket (`entrance`).
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from typing import Literal

from exam.clock import NS_PER_S

_TOKEN_BYTES = 32
_TICKET_NS = 120 * NS_PER_S
_MOST_TICKETS = 16
_MOST_SESSIONS = 16
_FREE_TRIES = 3
_FIRST_WAIT_NS, _MOST_WAIT_NS = NS_PER_S, 60 * NS_PER_S
_HTTP = "http://"

Tried = Literal["right", "wrong", "wait"]


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


class Pin:
    """The PIN in front of closing and export; wrong tries are slowed for all. `secret` None: none is asked for."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret
        self._wrong, self._not_before_ns = 0, 0

    @property
    def is_set(self) -> bool:
        return self._secret is not None

    def try_(self, given: str, now_ns: int) -> Tried:
        """A try that comes too soon is not looked at."""
        if self._secret is None:
            return "right"
        if now_ns < self._not_before_ns:
            return "wait"
        if hmac.compare_digest(self._secret.encode(), given.encode()):
            self._wrong = 0
            return "right"
        self._wrong += 1
        waits = self._wrong - _FREE_TRIES
        if waits >= 0:
            self._not_before_ns = now_ns + min(_FIRST_WAIT_NS << min(waits, 16), _MOST_WAIT_NS)
        return "wrong"

    def wait_s(self, now_ns: int) -> int:
        """Whole seconds until the next try is looked at."""
        return max(0, -(-(self._not_before_ns - now_ns) // NS_PER_S))


def cookie_name(school: str, room: str) -> str:
    """Browsers do not keep ports apart: two rooms of one computer must not take each other's cookie."""
    return "station_" + _hashed(f"{school}-{room}")[:12]


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
