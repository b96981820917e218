"""The words of tus 1.0 as this exchange understands them: headers in, decisions out. Pure.

https://tus.io/protocols/resumable-upload: core, creation, creation-with-upload, checksum, termination,
expiration.
"""

import base64
import binascii
from collections.abc import Mapping

from msgspec import Struct

from sync.exchange.naming import check_name
from sync.exchange.refusal import Refused

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
DIGEST_BYTES = {"sha256": 32, "sha1": 20}
"""Checksum algorithms and the length of their digests; sha1 is what tuspy sends."""
MAX_SIZE = 64 * 1024**3
"""Bytes of the largest upload taken: a day of stereo is about 6 GiB."""
MAX_METADATA = 8 * 1024
"""Letters of the longest Upload-Metadata header taken."""
BODY_TYPE = "application/offset+octet-stream"

RESUMABLE = {"Tus-Resumable": VERSION}
CAPABILITIES = {
    **RESUMABLE,
    "Tus-Version": VERSION,
    "Tus-Extension": EXTENSIONS,
    "Tus-Checksum-Algorithm": ",".join(DIGEST_BYTES),
    "Tus-Max-Size": str(MAX_SIZE),
}

_HEX = frozenset("0123456789abcdef")
_SHA256_LETTERS = 64
_MAX_DIGITS = 18


class Checksum(Struct, frozen=True):
    """The digest a client announces for the body of one request."""

    algorithm: str
    digest: bytes


class Creation(Struct, frozen=True):
    """A wish to upload `length` bytes. `folder` and `filename` are lawful names, or empty where not given.

    `sha256` (hex) is announced or None; `metadata` is the header as it came, to be given back by HEAD.
    """

    length: int
    folder: str
    filename: str
    sha256: str | None
    metadata: str


class Append(Struct, frozen=True):
    """A wish to add a body at `offset`. `size`: bytes of the body, None when the client does not say."""

    offset: int
    size: int | None
    checksum: Checksum | None


def check_version(headers: Mapping[str, str]) -> None:
    """Raise Refused (412) unless the client speaks our version."""
    spoken = headers.get("tus-resumable")
    if spoken != VERSION:
        raise Refused(
            412,
            "bad_version",
            f"Tus-Resumable: {spoken or 'нет'}, этот сервер знает {VERSION}. Обновите программу отправки.",
            f"Tus-Resumable: {spoken or 'missing'}, this server speaks {VERSION}. Update the sending program.",
            headers={"Tus-Version": VERSION},
        )


def creation(headers: Mapping[str, str]) -> Creation:
    """Read the headers of a creation. Raises Refused: 400 unclear, 413 too large, 431 too much metadata."""
    length = _upload_length(headers)
    raw = headers.get("upload-metadata", "")
    pairs = metadata(raw)
    folder = pairs.get("folder", b"")
    filename = pairs.get("filename", b"") or pairs.get("name", b"")
    return Creation(
        length=length,
        folder=check_name(_text(folder, "folder"), "folder") if folder else "",
        filename=check_name(_text(filename, "filename"), "filename") if filename else "",
        sha256=_sha256(pairs["sha256"]) if pairs.get("sha256") else None,
        metadata=raw,
    )


def append(headers: Mapping[str, str]) -> Append:
    """Read the headers of a PATCH. Raises Refused (400, 415)."""
    check_body_type(headers)
    return Append(
        offset=_number(headers, "Upload-Offset"),
        size=body_size(headers),
        checksum=checksum(headers),
    )


def check_body_type(headers: Mapping[str, str]) -> None:
    """Raise Refused (415) unless the body is announced as tus bytes."""
    kind = headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != BODY_TYPE:
        raise Refused(
            415,
            "bad_body_type",
            f"Content-Type: «{kind}», ожидается {BODY_TYPE}. Ничего не записано.",
            f"Content-Type: “{kind}”, expected {BODY_TYPE}. Nothing was stored.",
        )


def body_size(headers: Mapping[str, str]) -> int | None:
    """Bytes the request's body is announced to have; None when it is sent in chunks."""
    return _number(headers, "Content-Length") if "content-length" in headers else None


def admit(wish: Append, offset: int, length: int) -> None:
    """Raise Refused unless the body may be added to an upload that holds `offset` of `length` bytes."""
    if wish.offset != offset:
        raise Refused(
            409,
            "wrong_offset",
            f"Upload-Offset: {wish.offset}, а на диске {offset} байт. Ничего не изменено; "
            "спросите смещение (HEAD) и продолжите с него.",
            f"Upload-Offset: {wish.offset}, but {offset} bytes are on disk. Nothing was changed; "
            "ask for the offset (HEAD) and go on from there.",
        )
    if wish.size is not None and wish.size > length - offset:
        raise too_long(length)


def too_long(length: int) -> Refused:
    """The refusal (413) of a body that goes beyond the announced length."""
    return Refused(
        413,
        "too_long",
        f"Прислано больше объявленных {length} байт (Upload-Length). Лишнее не записано, прежнее цело; "
        "файл изменился — начните отправку заново.",
        f"More than the announced {length} bytes (Upload-Length) were sent. Nothing of it was stored, what was "
        "there is untouched; the file has changed: start a new upload.",
    )


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Read Upload-Checksum, if there. Raises Refused (400)."""
    raw = headers.get("upload-checksum")
    if raw is None:
        return None
    algorithm, _, encoded = raw.strip().partition(" ")
    digest = _decoded(encoded.strip())
    if digest is None or len(digest) != DIGEST_BYTES.get(algorithm):
        known = ", ".join(DIGEST_BYTES)
        raise Refused(
            400,
            "bad_checksum",
            f"Upload-Checksum: «{raw[:120]}» — ожидается алгоритм ({known}), пробел и сумма в base64.",
            f"Upload-Checksum: “{raw[:120]}”: expected an algorithm ({known}), a space, the digest in base64.",
        )
    return Checksum(algorithm, digest)


def metadata(raw: str) -> Mapping[str, bytes]:
    """Read Upload-Metadata: `key base64, key base64, …`. Raises Refused (400, 431)."""
    if len(raw) > MAX_METADATA:
        raise Refused(
            431,
            "too_much_metadata",
            f"Upload-Metadata длиннее {MAX_METADATA} знаков. Сократите.",
            f"Upload-Metadata is longer than {MAX_METADATA} letters. Shorten it.",
        )
    pairs: dict[str, bytes] = {}
    for part in raw.split(",") if raw.strip() else ():
        key, _, encoded = part.strip().partition(" ")
        value = _decoded(encoded.strip())
        if not key or value is None or key in pairs:
            raise Refused(
                400,
                "bad_metadata",
                f"Upload-Metadata: «{part[:120]}» — ожидается ключ (один раз), пробел и значение в base64.",
                f"Upload-Metadata: “{part[:120]}”: expected a key (once), a space, the value in base64.",
            )
        pairs[key] = value
    return pairs


def is_sha256(text: str) -> bool:
    """Whether `text` is 64 lower-case hexadecimal digits."""
    return len(text) == _SHA256_LETTERS and _HEX.issuperset(text)


def _upload_length(headers: Mapping[str, str]) -> int:
    if "upload-length" not in headers and "upload-defer-length" in headers:
        raise Refused(
            400,
            "deferred_length",
            "Upload-Defer-Length не поддерживается: объявите длину файла (Upload-Length).",
            "Upload-Defer-Length is not supported: announce the file's length (Upload-Length).",
        )
    length = _number(headers, "Upload-Length")
    if length > MAX_SIZE:
        raise Refused(
            413,
            "too_large",
            f"Upload-Length: {length} байт, принимается не больше {MAX_SIZE}. Передайте файл на носителе.",
            f"Upload-Length: {length} bytes, at most {MAX_SIZE} are taken. Hand the file over on a drive.",
        )
    return length


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name.lower(), "")
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise Refused(
            400,
            "bad_number",
            f"{name}: «{text[:40]}» — ожидается целое число байт.",
            f"{name}: “{text[:40]}”: expected a whole number of bytes.",
        )
    return int(text)


def _text(value: bytes, key: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Refused(
            400,
            "bad_metadata",
            f"Upload-Metadata, {key}: значение не в кодировке UTF-8. Ничего не записано.",
            f"Upload-Metadata, {key}: the value is not UTF-8. Nothing was stored.",
        ) from None


def _sha256(value: bytes) -> str:
    text = _text(value, "sha256").lower()
    if not is_sha256(text):
        raise Refused(
            400,
            "bad_metadata",
            "Upload-Metadata, sha256: ожидаются 64 шестнадцатеричные цифры. Ничего не записано.",
            "Upload-Metadata, sha256: expected 64 hexadecimal digits. Nothing was stored.",
        )
    return text


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
