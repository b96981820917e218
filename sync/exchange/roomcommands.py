"""`station-sync exchange invite | tokens | revoke | rooms`: the commands of a headquarters about its rooms' computers.

`commands` adds them.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from exam.errors import Rejected
from exam.language import say

if TYPE_CHECKING:
    from sync.exchange.listening import Listening
    from sync.exchange.rooms import RoomStanding
    from sync.exchange.tokens import Token
    from sync.roomword import Station

# ruff: noqa: PLC0415 - each command loads only what it uses

_DONE = 0
_MB = 1e6
Add = Callable[[str, Callable[[argparse.Namespace], int], str, str], argparse.ArgumentParser]


def add_to(add: Add) -> None:
    """Give the exchange's commands these."""
    json = say("один документ JSON", "one JSON document")
    invite = add("invite", _invite, "пригласить компьютер аудитории", "invite a room's computer")
    invite.add_argument("code", metavar="CODE")
    invite.add_argument("--room", default="", metavar="N", help=say("номер аудитории", "the room's number"))
    address = say("адрес Штаба, каким его видят аудитории", "this computer's address as rooms see it")
    invite.add_argument("--address", metavar="HOST", help=address)
    tokens = add("tokens", _tokens, "ключи компьютеров школы", "the tokens of a school's computers")
    tokens.add_argument("code", metavar="CODE")
    tokens.add_argument("--json", action="store_true", help=json)
    revoke = add("revoke", _revoke, "отозвать ключ компьютера", "make a computer's token void")
    revoke.add_argument("code", metavar="CODE")
    revoke.add_argument("number", type=int, metavar="NUMBER")
    rooms = add("rooms", _rooms, "что сейчас в аудиториях", "how the rooms are now")
    rooms.add_argument("--json", action="store_true", help=json)


def invite(folder: Path, code: str, *, room: str = "", address: str | None = None) -> tuple[str, datetime]:
    """The text of a new invitation and when it ends, also while the folder is served; for the page, too.

    Raises Rejected when the exchange was never served encrypted, or as the code and the address are of no use.
    """
    from sync.exchange.accounts import Accounts
    from sync.exchange.database import opened
    from sync.exchange.listening import known
    from sync.exchange.tokens import Tokens
    from sync.exchange.yard import Yard
    from sync.invitation import MARK_BYTES, Invitation, written

    with opened(folder) as database:
        there = known(Yard(folder))
        if there is None or there.fingerprint is None:
            raise _not_encrypted()
        host, mark = address or _seen_as(there), bytes.fromhex(there.fingerprint)[:MARK_BYTES]
        written(Invitation(host, there.port, mark, b""))  # refused before a secret is made
        Accounts(database).admit(code)
        secret, ends = Tokens(database).invite(code, room, datetime.now(UTC))
    return written(Invitation(host, there.port, mark, secret)), ends


def _seen_as(there: "Listening") -> str:
    from sync.exchange.certificate import own_addresses

    return own_addresses()[0] if there.host in {"0.0.0.0", "::"} else there.host  # noqa: S104 - compared, not opened


def _not_encrypted() -> Rejected:
    return Rejected(
        "Приглашать некуда: обмен ещё не запускали с шифрованием. Запустите: station-sync exchange serve --tls --host "
        "0.0.0.0 --folder ПАПКА, и повторите.",
        "There is nothing to invite to: the exchange was never served encrypted. Run station-sync exchange serve --tls "
        "--host 0.0.0.0 --folder FOLDER, and try again.",
        code="not_encrypted",
    )


def _invite(arguments: argparse.Namespace) -> int:
    text, ends = invite(arguments.folder, arguments.code, room=arguments.room, address=arguments.address)
    here = ends.astimezone()
    ru = (
        f"Приглашение для одного компьютера, годится один раз, до {here:%d.%m.%Y %H:%M}. В аудитории: station-sync pair"
    )
    en = f"An invitation for one computer, good once, until {here:%d.%m.%Y %H:%M}. In the room: station-sync pair"
    _print(say(ru, en))
    _print(text)
    return _DONE


def _tokens(arguments: argparse.Namespace) -> int:
    from sync.exchange.database import opened
    from sync.exchange.tokens import Tokens

    with opened(arguments.folder) as database:
        found = Tokens(database).of(arguments.code)
    now = datetime.now(UTC)
    if arguments.json:
        return _print_json([msgspec.to_builtins(one) | {"state": one.state(now)} for one in found])
    for one in found:
        _print(_told(one, now))
    return _DONE


def _told(token: "Token", now: datetime) -> str:
    words = {
        "invited": say("приглашён, ещё не связан", "invited, not paired yet"),
        "expired": say("приглашение устарело", "the invitation expired"),
        "valid": say("связан", "paired"),
        "revoked": say("отозван", "revoked"),
    }
    room = say(f"ауд. {token.room}", f"room {token.room}") if token.room else say("ауд. не указана", "room not told")
    when = token.revoked_at or token.paired_at or token.expires_at
    at = f"{when.astimezone():%d.%m.%Y %H:%M}"
    return _plain(f"№ {token.number}  {room}  {token.computer or '—'}  {words[token.state(now)]}  {at}")


def _revoke(arguments: argparse.Namespace) -> int:
    from sync.exchange.database import opened
    from sync.exchange.tokens import Tokens

    with opened(arguments.folder) as database:
        now = datetime.now(UTC)
        _print(_told(Tokens(database).revoke(arguments.code, arguments.number, now), now))
    return _DONE


def _rooms(arguments: argparse.Namespace) -> int:
    from sync.exchange.rooms import rooms

    found, now = rooms(arguments.folder), datetime.now(UTC)
    if arguments.json:
        return _print_json([_as_json(one, now) for one in found])
    for one in found:
        for line in _lines(one, now):
            _print(_plain(line))
    return _DONE


def _as_json(one: "RoomStanding", now: datetime) -> dict[str, object]:
    """With what follows from it, so that nobody has to compute it."""
    found: dict[str, object] = msgspec.to_builtins(one)
    return found | {"clock_off_s": one.clock_off_s, "silent": one.is_silent(now)}


def _lines(one: "RoomStanding", now: datetime) -> Iterator[str]:
    """A room as a person reads it: how it is, then what is wrong, a line each."""
    heard = max(0, round((now - one.received_at).total_seconds()))
    ago = say(f"слышали {heard} с назад", f"heard {heard} s ago")
    if one.is_silent(now):
        ago = say(f"МОЛЧИТ с {one.received_at.astimezone():%d.%m %H:%M}", f"SILENT since {one.received_at:%d.%m %H:%M}")
    word = one.word
    how = _how(word.station, growing=one.growing) if word.station else say("станция не отвечает", "no station answers")
    sent = say("в Штабе файлов", "files here")
    yield say(f"ауд. {word.room}", f"room {word.room}") + (
        f" ({word.computer}): {how}; {sent} {word.delivery.delivered}/{word.delivery.files}; {ago}"
    )
    if word.silent:
        yield f"  {word.silent}"
    if one.clock_off_s is not None:
        ahead = say("спешат", "fast") if one.clock_off_s > 0 else say("отстают", "slow")
        yield say("  часы ", "  clock ") + f"{ahead}: {abs(one.clock_off_s):.0f} " + say("с", "s")
    for alarm in word.station.alarms if word.station else ():
        yield f"  ! {alarm.text}"
    for light in word.ready.lights if word.ready else ():
        if light.state == "bad":
            yield f"  ✕ {light.code}: {light.text}"


def _how(station: "Station", *, growing: bool) -> str:
    states = {
        "closed": say("день закрыт", "closed"),
        "idle": say("ждёт участника", "waits"),
        "recording": say("ИДЁТ ЗАПИСЬ", "RECORDING"),
        "paused": say("пауза", "paused"),
        "review": say("прослушивание", "review"),
    }
    words = [states[station.state], say(f"готово {station.done}", f"done {station.done}") + f"/{station.expected}"]
    if station.stream is not None:
        grows = say("растёт", "growing") if growing else say("НЕ РАСТЁТ", "NOT GROWING")
        words.append(f"{station.stream.bytes / _MB:.1f} {say('МБ', 'MB')} {grows}")
    return ", ".join(words)


def _plain(text: str) -> str:
    """What came from outside must not steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _print_json(content: object) -> int:
    _print(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())
    return _DONE


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
