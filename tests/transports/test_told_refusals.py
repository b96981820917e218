"""Why an exchange refuses one file reaches the school: in its words, as one line of bounded length."""

from pathlib import Path

import pytest
from dav_impostor import impostor
from school import exchange

from exam.errors import Rejected
from sync.plan import Item
from sync.transports.tus import Tus

ITEM = Item("2026-02-11_265/Иванов\N{ZERO WIDTH SPACE} И.mp3", "participant", "a" * 64, 1000)


def test_our_exchange_says_what_is_wrong_with_a_name(tmp_path: Path) -> None:
    with exchange(tmp_path) as target, pytest.raises(Rejected) as refused:
        Tus(target.url, target.token).create(ITEM)
    assert "непечатаемый знак" in refused.value.ru
    assert "unprintable" in refused.value.en
    assert "непечатаемый" not in refused.value.en
    assert "(ответ 400): " in refused.value.ru


@pytest.mark.parametrize(
    ("headers", "body", "told"),
    [
        ({"X-Error-Code": "bad_name"}, "Имя «a\x1b[2J\u2028b» не годится.\nA bad name.\n", True),
        ({"X-Error-Code": "bad_name"}, "Имя" * 100_000 + "\nA bad name.\n", False),
        ({"X-Error-Code": "bad_name"}, "Имя", False),
        ({}, "<html>\nA bad name.\n", False),
    ],
)  # fmt: skip
def test_what_a_server_says_is_shown_as_one_short_line(headers: dict[str, str], body: str, told: bool) -> None:
    with impostor() as server:
        server.plan(400, "POST", headers, body.encode())
        with pytest.raises(Rejected) as refused:
            Tus(f"{server.url}/files", "token").create(ITEM)
    for text in (refused.value.ru, refused.value.en):
        assert text.isprintable()
        assert len(text) < 300
    assert ("bad name" in refused.value.en) is told
    assert ("не годится" in refused.value.ru) is told
