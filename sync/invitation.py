"""An invitation to a headquarters' exchange, as text that a person can type: where it is, how to know it, a secret that
serves once. Pure.

Groups of five signs; the last of each vouches for the other four, so that a mistyped group is named. `sync.exchange`
writes it, `sync.pairing` reads it. When it ends is the exchange's affair: the clock of a room may be wrong.
"""

import hashlib
import ipaddress
import re

from msgspec import Struct

from exam.errors import Rejected

SECRET_BYTES = 8
"""Guessed only through the exchange, within a day."""
MARK_BYTES = 14
"""Of the certificate's SHA-256: nobody finds another certificate that begins so."""

_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # those of Crockford's base 32: none looks like another
_BITS = 5
_GROUP = 4
_CHECK_BYTES = 1
_V4, _V6, _NAME = 4, 6, 64
_NAME_LETTERS = 63
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_MEANT = str.maketrans("OILАВСЕНКМОРТХ", "011ABCEHKM0PTX")
"""Signs as they are mistaken, and those of a keyboard that was left in Russian."""
_MAX_LETTERS = 1000


class Invitation(Struct, frozen=True):
    """`host`: an address or a name. `mark`: how the SHA-256 of its certificate (DER) begins."""

    host: str
    port: int
    mark: bytes
    secret: bytes

    def knows(self, certificate_sha256: bytes) -> bool:
        """Whether this is the certificate of who invited."""
        return certificate_sha256[:MARK_BYTES] == self.mark


def written(invitation: Invitation) -> str:
    """The text: groups joined by hyphens. Raises Rejected for a host that cannot be told."""
    body = _host_bytes(invitation.host) + invitation.port.to_bytes(2, "big") + invitation.mark + invitation.secret
    body += _checksum(body)
    signs = _signs(body)
    groups = [signs[first : first + _GROUP] for first in range(0, len(signs), _GROUP)]
    return "-".join(group + _check_sign(number, group) for number, group in enumerate(groups, 1))


def read(text: str) -> Invitation:
    """What the text says. Raises Rejected, naming the groups that were mistyped."""
    groups = _groups(text)
    wrong = [number for number, group in enumerate(groups, 1) if group[-1:] != _check_sign(number, group[:-1])]
    if wrong:
        listed = ", ".join(map(str, wrong))
        raise Rejected(
            f"Приглашение набрано с ошибкой: группа по порядку {listed}. Сверьте и повторите; ничего не изменено.",
            f"The invitation is mistyped in group {listed}. Compare it and try again; nothing was changed.",
            code="mistyped",
        )
    found = _understood(_bytes("".join(group[:-1] for group in groups)))
    if found is None:
        raise _incomplete()
    return found


def _understood(body: bytes) -> Invitation | None:
    told, check = body[:-_CHECK_BYTES], body[-_CHECK_BYTES:]
    if not told or check != _checksum(told):
        return None
    mark = len(told) - SECRET_BYTES - MARK_BYTES
    host, port = _host(told[0], told[1 : mark - 2]), int.from_bytes(told[mark - 2 : mark], "big")
    return Invitation(host, port, told[mark:-SECRET_BYTES], told[-SECRET_BYTES:]) if host and port else None


def _groups(text: str) -> list[str]:
    signs = re.sub(r"[\s\-–—]", "", text[:_MAX_LETTERS]).upper().translate(_MEANT)
    if not signs or not set(signs) <= set(_SIGNS):
        raise _incomplete()
    return [signs[first : first + _GROUP + 1] for first in range(0, len(signs), _GROUP + 1)]


def _host_bytes(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if len(host) > _NAME_LETTERS or not _HOST.fullmatch(host):
            raise Rejected(
                f"Адрес «{host}» в приглашение не записать: нужен IP-адрес или имя компьютера латиницей (--address).",
                f"The address “{host}” cannot be told: an IP address or a name of Latin letters is needed (--address).",
                code="bad_address",
            ) from None
        return bytes([_NAME + len(host)]) + host.encode("ascii")
    return bytes([_V4 if address.version == _V4 else _V6]) + address.packed


def _host(kind: int, told: bytes) -> str:
    if kind in {_V4, _V6}:
        return str(ipaddress.ip_address(told))
    name = told.decode("ascii", "replace")
    return name if _HOST.fullmatch(name) else ""


def _signs(body: bytes) -> str:
    """Base 32, the last sign filled up with zeros, and the last group with signs of nothing."""
    bits = "".join(f"{byte:08b}" for byte in body)
    bits += "0" * (-len(bits) % (_BITS * _GROUP))
    return "".join(_SIGNS[int(bits[first : first + _BITS], 2)] for first in range(0, len(bits), _BITS))


def _bytes(signs: str) -> bytes:
    """Whole bytes; a fill of the last group is dropped, up to two bytes of it."""
    bits = "".join(f"{_SIGNS.index(sign):0{_BITS}b}" for sign in signs)
    body = bytes(int(bits[first : first + 8], 2) for first in range(0, len(bits) - 7, 8))
    length = _length(body)
    return body[:length] if len(body) - length in {0, 1, 2} and not any(body[length:]) else b""


def _length(body: bytes) -> int:
    """How many bytes an invitation has that begins so."""
    kind = body[0] if body else 0
    host = {_V4: 4, _V6: 16}.get(kind, max(kind - _NAME, 0))
    return 1 + host + 2 + MARK_BYTES + SECRET_BYTES + _CHECK_BYTES


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:_CHECK_BYTES]


def _check_sign(number: int, group: str) -> str:
    """Of the group's place, too: two that changed places are noticed."""
    return _SIGNS[hashlib.sha256(f"{number} {group}".encode()).digest()[0] % len(_SIGNS)]


def _incomplete() -> Rejected:
    return Rejected(
        "Это не приглашение или не всё: его печатает в Штабе station-sync exchange invite. Ничего не изменено.",
        "This is no invitation, or not all of it: station-sync exchange invite prints it at the headquarters. Nothing "
        "was changed.",
        code="no_invitation",
    )
