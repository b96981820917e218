"""Headers in, decisions out: what the exchange understands, and what it answers to what it does not."""

import base64

import pytest
from exchange_peers import encoded, upload_checksum
from hypothesis import given
from hypothesis import strategies as st

from sync.exchange import protocol
from sync.exchange.protocol import Append
from sync.exchange.refusal import Refused

BODY = {"content-type": protocol.BODY_TYPE, "upload-offset": "0"}


def status_of(call: object, *arguments: object) -> int:
    with pytest.raises(Refused) as caught:
        call(*arguments)  # type: ignore[operator]
    assert caught.value.ru
    assert caught.value.en
    return caught.value.status


def test_a_creation_as_the_agent_sends_it() -> None:
    raw = encoded(
        {"filename": "Иванов И.mp3", "folder": "2026-02-11_265", "sha256": "AB" * 32, "filetype": "audio/mpeg"}
    )
    wish = protocol.creation({"upload-length": "7", "upload-metadata": raw})
    assert (wish.length, wish.filename, wish.folder, wish.sha256) == (7, "Иванов И.mp3", "2026-02-11_265", "ab" * 32)
    assert wish.metadata == raw


@pytest.mark.parametrize("raw", ["", "  ", "is_confidential", "filename ,folder ", "name eA=="])
def test_metadata_may_lack_what_is_optional(raw: str) -> None:
    wish = protocol.creation({"upload-length": "0", "upload-metadata": raw})
    assert wish.filename in {"", "x"}
    assert wish.sha256 is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"upload-length": "-1"}, 400),
        ({"upload-length": "1e3"}, 400),
        ({"upload-length": "٣"}, 400),
        ({"upload-length": "9" * 400}, 400),
        ({"upload-defer-length": "1"}, 400),
        ({"upload-length": str(protocol.MAX_SIZE + 1)}, 413),
        ({"upload-length": "1", "upload-metadata": "k " + "A" * protocol.MAX_METADATA}, 431),
        ({"upload-length": "1", "upload-metadata": "filename ***"}, 400),
        ({"upload-length": "1", "upload-metadata": "filename eA==,filename eQ=="}, 400),
        ({"upload-length": "1", "upload-metadata": encoded({"filename": b"\xff"})}, 400),
        ({"upload-length": "1", "upload-metadata": encoded({"filename": "../x"})}, 400),
        ({"upload-length": "1", "upload-metadata": encoded({"filename": "x", "folder": ".."})}, 400),
        ({"upload-length": "1", "upload-metadata": encoded({"sha256": "12"})}, 400),
    ],
)
def test_unclear_creations_are_refused(headers: dict[str, str], status: int) -> None:
    assert status_of(protocol.creation, headers) == status


@given(st.text())
def test_no_metadata_breaks_the_reader(raw: str) -> None:
    try:
        protocol.creation({"upload-length": "1", "upload-metadata": raw})
    except Refused as refused:
        (refused.ru + refused.en).encode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"upload-offset": "0"}, 415),
        ({"upload-offset": "0", "content-type": "application/octet-stream"}, 415),
        ({"content-type": protocol.BODY_TYPE}, 400),
        (BODY | {"upload-checksum": "md5 " + base64.b64encode(b"0" * 16).decode()}, 400),
        (BODY | {"upload-checksum": "sha256 AAAA"}, 400),
        (BODY | {"upload-checksum": "sha256"}, 400),
    ],
)
def test_unclear_appends_are_refused(headers: dict[str, str], status: int) -> None:
    assert status_of(protocol.append, headers) == status


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_checksums_are_read(algorithm: str) -> None:
    headers = {name.lower(): value for name, value in upload_checksum(b"x", algorithm).items()}
    checksum = protocol.append(BODY | headers).checksum
    assert checksum
    assert checksum.algorithm == algorithm


def test_a_body_is_admitted_only_where_the_file_ends_and_only_as_far_as_announced() -> None:
    protocol.admit(Append(3, 4, None), 3, 7)
    protocol.admit(Append(3, None, None), 3, 7)
    assert status_of(protocol.admit, Append(2, 4, None), 3, 7) == 409
    assert status_of(protocol.admit, Append(4, 1, None), 3, 7) == 409
    assert status_of(protocol.admit, Append(3, 5, None), 3, 7) == 413


@pytest.mark.parametrize("headers", [{}, {"tus-resumable": "0.2.2"}])
def test_another_version_is_refused_and_ours_named(headers: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        protocol.check_version(headers)
    assert caught.value.status == 412
    assert caught.value.headers["Tus-Version"] == "1.0.0"
