"""`station-sync pair`: a room's computer and its headquarters get to know each other by an invitation.

Entered by `sync.cli`. The certificate is known before anything is said, by the invitation; nothing is trusted because
it was met first. A person's sync.toml is changed only where it still says what the example says.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from exam import durable, oswords, settings
from exam.errors import ConfigError, Rejected, Transient
from exam.language import say
from sync import config as configuration
from sync import invitation as inviting
from sync import pairwords, roomlook
from sync.invitation import MARK_BYTES, Invitation
from sync.pairwords import Asked, Given

EXAMPLE_URL = "https://exchange.example/files"
"""What config/sync.toml says until a person, or this, says otherwise."""
_EXAMPLE_LINE = re.compile(rf'^url\s*=\s*"{re.escape(EXAMPLE_URL)}".*$', re.MULTILINE)
_CONNECT_S = 20.0
_TRIES, _BETWEEN_S = 3, 1.0
_FILE_BYTES = 4096
_NAME_LETTERS = 80
_SERVICE_STATE = Path("/var/lib/station-sync")
_IN_TEXT = re.compile(r"(?:[^\W_]{5}-){7,}[^\W_]{5}")


class Paired(Struct, frozen=True):
    """`lines`: what [target] must say now; `written`: whether `file` says so already."""

    file: Path
    given: Given
    token: Path
    lines: tuple[str, ...]
    written: bool


def pair(words: str, file: Path, *, room: str = "") -> Paired:
    """Use the invitation in `words`, its text or the name of a file that holds it, for the computer of `file`.

    `room`: the room's number, where the invitation does not say it or it is another. Raises Rejected for an invitation
    that is mistyped or void and for another server than the inviting one, ConfigError for a sync.toml that is wrong,
    Transient when nobody answers; nothing was changed then.
    """
    invitation = inviting.read(_text_of(words))
    school = _school_of(file)
    fingerprint = _met(invitation)
    token = _new_token(file)
    try:
        given = _asked(invitation, fingerprint, _question(invitation, token, school, room))
    except BaseException:
        token.unlink()
        raise
    lines = _target(invitation, fingerprint, given, token)
    return Paired(file, given, token, lines, _put(file, lines, given))


def account(paired: Paired) -> Iterator[str]:
    """What was done, and what is left to do, for the person who paired."""
    given, file = paired.given, paired.file
    room = say(f", аудитория {given.room}", f", room {given.room}") if given.room else ""
    ru = f"Компьютер связан со Штабом: школа {given.school}{room}, ключ № {given.number} в файле {paired.token.name}."
    en = f"Paired with the headquarters: school {given.school}{room}, token no. {given.number} in {paired.token.name}."
    yield say(ru, en)
    if paired.written:
        ru = f"Куда отправлять, записано в {file}. Перезапустите отправку: systemctl restart station-sync"
        yield say(ru, f"Where to send stands in {file} now. Restart the agent: systemctl restart station-sync")
        return
    ru = f"{file} уже настроен и не изменён. Замените в нём раздел [target] на такой:"
    yield say(ru, f"{file} was set up already and is left alone. Make its section [target] this:")
    yield from ("[target]", 'kind = "tus"', *paired.lines)


def _text_of(words: str) -> str:
    """What was typed, or stands in the file of that name."""
    path = Path(words)
    try:
        text = path.read_bytes()[:_FILE_BYTES].decode("utf-8-sig") if path.is_file() else words
    except (OSError, ValueError):
        text = words
    found = _IN_TEXT.search(text)
    return found.group() if found else text


def _school_of(file: Path) -> str | None:
    """Whose the settings say this computer is, where they were ever edited. Raises ConfigError."""
    if not file.exists():
        return None
    school = settings.read(file).get("school", {})
    return str(school["code"]) if isinstance(school, dict) and "code" in school else None


def _met(invitation: Invitation) -> str:
    """The SHA-256 of the certificate shown there, once it is the one invited to. Nothing was said to it."""
    certificate = _shown(invitation)
    digest = hashlib.sha256(certificate)
    if not hmac.compare_digest(digest.digest()[:MARK_BYTES], invitation.mark):
        place = f"{invitation.host}:{invitation.port}"
        raise Rejected(
            f"По адресу {place} отвечает не тот, кто пригласил. Ничего не отправлено, приглашение в силе. Проверьте, "
            "что компьютер в школьной сети; если в Штабе новый сервер, попросите новое приглашение.",
            f"Somebody else than who invited answers at {place}. Nothing was sent, the invitation stays valid. See "
            "that this is the school's network; if the headquarters has a new server, ask for a new invitation.",
            code="other_certificate",
        )
    return digest.hexdigest()


def _shown(invitation: Invitation) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is compared with the invitation's mark
    try:
        with (
            socket.create_connection((invitation.host, invitation.port), _CONNECT_S) as plain,
            context.wrap_socket(plain) as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""
    except OSError as error:  # those of TLS are, too
        place, (ru, en) = f"{invitation.host}:{invitation.port}", oswords.both(error)
        raise Transient(
            f"Штаб по адресу {place} не отвечает ({ru}). Приглашение в силе; проверьте сеть и что обмен в Штабе "
            "запущен (exchange serve --tls --host 0.0.0.0), и повторите.",
            f"The headquarters at {place} does not answer ({en}). The invitation stays valid; check the network, "
            "and that its exchange is served (exchange serve --tls --host 0.0.0.0), and try again.",
            code="unreachable",
        ) from error


def _question(invitation: Invitation, token: Path, school: str | None, room: str) -> Asked:
    computer = socket.gethostname()[:_NAME_LETTERS] or "computer"
    return Asked(
        secret=invitation.secret, token=token.read_text().strip(), school=school, room=room[:_NAME_LETTERS],
        computer=computer,
    )  # fmt: skip


def _asked(invitation: Invitation, fingerprint: str, question: Asked) -> Given:
    """The exchange's answer. A lost one is asked for again: the same token, so the invitation still serves."""
    from sync.transports.web import Web, garbled  # noqa: PLC0415 - `status` must start fast

    base = _base(invitation)
    web = Web(base, None, {"Content-Type": "application/json"}, fingerprint=fingerprint)
    for left in reversed(range(_TRIES)):
        try:
            answer = web.ask("POST", base + pairwords.PATH, body=msgspec.json.encode(question), passing=range(400, 500))
            break
        except Transient:
            if not left:
                raise
            time.sleep(_BETWEEN_S)
    if not answer.ok:
        ru, _, en = answer.text[:_FILE_BYTES].strip().partition("\n")
        raise Rejected(_one_line(ru), _one_line(en) or _one_line(ru), code="not_paired")
    try:
        return msgspec.json.decode(answer.content, type=Given)
    except msgspec.DecodeError as error:
        raise garbled(answer) from error


def _target(invitation: Invitation, fingerprint: str, given: Given, token: Path) -> tuple[str, ...]:
    """The keys of [target], but for its kind."""
    return (
        f'url = "{_base(invitation)}/files"',
        f'token_file = "{token.name}"',
        f'fingerprint = "{fingerprint}"',
        f'server_key = "{given.key}"',
    )


def _base(invitation: Invitation) -> str:
    host = f"[{invitation.host}]" if ":" in invitation.host else invitation.host
    return f"https://{host}:{invitation.port}"


def _new_token(file: Path) -> Path:
    """A file beside the settings with a token nobody knows yet, readable by whoever runs the agent alone."""
    durable.make_folder(file.absolute().parent)
    token = secrets.token_urlsafe(pairwords.TOKEN_BYTES)
    for number in range(1, 1000):
        path = file.absolute().parent / ("hub.token" if number == 1 else f"hub-{number}.token")
        with suppress(FileExistsError):
            durable.publish(path, token.encode() + b"\n", mode=0o600)
            _hand_to_service(path)
            return path
    raise Rejected("Слишком много файлов hub-*.token рядом с sync.toml.", "Too many files hub-*.token by sync.toml.")


def _hand_to_service(path: Path) -> None:
    """Root pairs, the service sends: who owns the agent's state reads its token."""
    if os.geteuid() == 0 and _is_service(path):
        owner = _SERVICE_STATE.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _put(file: Path, lines: tuple[str, ...], given: Given) -> bool:
    """Write the settings where there are none, or put the target where the example's stands. Whether it was done."""
    text = "\n".join(lines)
    if not file.exists():
        durable.publish(file, _fresh(file, text, given).encode(), mode=0o644)  # no secret in it; the service reads it
        return True
    before = file.read_text(encoding="utf-8-sig")
    if len(_EXAMPLE_LINE.findall(before)) != 1 or settings.read(file).get("target", {}).keys() - {"kind", "url"}:
        return False
    mode = file.stat().st_mode & 0o777
    durable.rewrite(file, _EXAMPLE_LINE.sub(lambda _found: text, before).encode(), mode=mode)
    try:
        configuration.load(file)
    except ConfigError:
        durable.rewrite(file, before.encode(), mode=mode)
        raise
    return True


def _fresh(file: Path, text: str, given: Given) -> str:
    """A whole sync.toml of what had to be said: what this computer's stations record is what is sent."""
    base = file.absolute().parent
    folders = dict.fromkeys(str(one.recordings) for one in roomlook.room_files(base) if one.recordings is not None)
    listed = ", ".join(json.dumps(folder, ensure_ascii=False) for folder in folders)
    watch = f"\n[watch]\nrecordings = [{listed}]\n" if listed else ""
    state = f'\n[state]\nfolder = "{_SERVICE_STATE}"\n' if _is_service(file) else ""
    return f'[school]\ncode = "{given.school}"\n{watch}\n[target]\nkind = "tus"\n{text}\n{state}'


def _is_service(file: Path) -> bool:
    """Whether these are the settings of the installed service."""
    return file.absolute().is_relative_to("/etc") and _SERVICE_STATE.is_dir()


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
