"""Who is signed in, and how often a password may be tried. Decisions only: times are given, nothing is read or kept.

Sessions live as long as the process: a restart signs everybody out. Only hashes of cookies are held.
"""

import hashlib
import hmac
import secrets

from msgspec import Struct

IDLE_S = 30 * 60.0
LONGEST_S = 12 * 3600.0
_MOST_SESSIONS = 256
_TOKEN_BYTES = 32
_FREE_TRIES = 4
_LONGEST_WAIT_S = 900.0
_FORGOTTEN_S = 24 * 3600.0
_MOST_REMEMBERED = 4096


class Session(Struct):
    """One browser of one operator. `mark` is the account's when it signed in; times in seconds of one clock."""

    operator: str
    mark: str
    csrf: str
    opened: float
    seen: float


class Sessions:
    """Used on the event loop alone."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def begin(self, operator: str, mark: str, now: float) -> str:
        """A new session's cookie, never one that a browser brought along; the oldest of very many ends."""
        cookie = secrets.token_urlsafe(_TOKEN_BYTES)
        self._open[_hashed(cookie)] = Session(operator, mark, secrets.token_urlsafe(_TOKEN_BYTES), now, now)
        while len(self._open) > _MOST_SESSIONS:
            del self._open[min(self._open, key=lambda each: self._open[each].seen)]
        return cookie

    def find(self, cookie: str | None, now: float) -> Session | None:
        """The session, which goes on from now; None when there is none, or it has ended by itself."""
        session = self._open.get(_hashed(cookie)) if cookie else None
        if session is None:
            return None
        if now - session.seen > IDLE_S or now - session.opened > LONGEST_S:
            self.end(cookie)
            return None
        session.seen = now
        return session

    def end(self, cookie: str | None) -> None:
        self._open.pop(_hashed(cookie or ""), None)


class _Tried(Struct):
    wrong: int
    at: float


class Tries:
    """Wrong passwords by what they were tried at (a name, an address): each makes the next one wait longer."""

    def __init__(self) -> None:
        self._tried: dict[str, _Tried] = {}

    def wait_s(self, keys: list[str], now: float) -> float:
        """Seconds until a further try is looked at; 0: now."""
        return max((self._wait_s(key, now) for key in keys), default=0.0)

    def wrong(self, keys: list[str], now: float) -> None:
        for key in keys:
            before = self._tried.pop(key, None)
            fresh = before is not None and now - before.at < _FORGOTTEN_S
            self._tried[key] = _Tried(before.wrong + 1 if before and fresh else 1, now)
        while len(self._tried) > _MOST_REMEMBERED:
            self._tried.pop(next(iter(self._tried)))

    def right(self, keys: list[str]) -> None:
        for key in keys:
            self._tried.pop(key, None)

    def _wait_s(self, key: str, now: float) -> float:
        tried = self._tried.get(key)
        if tried is None or tried.wrong < _FREE_TRIES:
            return 0.0
        wait = min(2.0 ** min(tried.wrong - _FREE_TRIES, 16), _LONGEST_WAIT_S)
        return max(0.0, tried.at + wait - now)


def is_same(token: str, other: str) -> bool:
    """Compared in a time that tells nothing."""
    return hmac.compare_digest(token.encode(), other.encode())


def _hashed(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
