"""One fault of the line or of what stands in it: a person is alarmed only when it stays."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from impostor import Impostor, impostor_server
from inprocess import deliver
from msgspec.structs import replace
from school import School, Target, noise

from exam.errors import Fatal
from sync import config, pace
from sync.model import ItemState, Receipt
from sync.plan import Item
from sync.receipts import Receipts
from sync.transports import Lost
from sync.transports.building import build
from sync.transports.tus import Tus


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    with impostor_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "OTHERS_FIRST_S", 0.0)


def once(spoil: Callable[[Receipt], Receipt | None]) -> Callable[[Receipt], Receipt | None]:
    """Spoil the first receipt that is asked for, and no other."""
    spoilt: list[Receipt] = []

    def receipt(honest: Receipt) -> Receipt | None:
        if spoilt:
            return honest
        spoilt.append(honest)
        return spoil(honest)

    return receipt


@pytest.mark.parametrize(
    "spoil",
    [
        lambda honest: replace(honest, receipt_id="r2"),
        lambda honest: replace(honest, sha256="0" * 64),
        lambda honest: replace(honest, size=honest.size + 1),
        lambda honest: replace(honest, signature="damaged"),
    ],
    ids=["altered", "other bytes", "other size", "signature"],
)
def test_a_receipt_damaged_on_its_way_is_asked_for_again(
    school: School, impostor: Impostor, spoil: Callable[[Receipt], Receipt]
) -> None:
    school.record("Иванов И", noise(1000))
    impostor.receipt = once(spoil)
    complete, rows, silence = deliver(school, impostor)
    assert complete, rows
    assert [error.code for error in silence.setbacks] == ["no_receipt_now"]
    assert sum("POST" in asked for asked in impostor.asked) == 2, "nothing was sent twice"


@pytest.mark.parametrize("status", [404, 200], ids=["not there", "a log-in page"])
def test_a_key_that_once_could_not_be_had_is_asked_for_again(school: School, impostor: Impostor, status: int) -> None:
    """What stands before a server that is being started answers for it."""
    school.record("Иванов И", noise(1000))

    def without_key(honest: Receipt) -> Receipt:
        impostor.refuse["GET"] = [(status, {})]
        return honest

    impostor.receipt = once(without_key)
    complete, rows, silence = deliver(school, impostor)
    assert complete, rows
    assert len(silence.setbacks) == 1
    assert all(Receipts(school.state).proves(row.sha256, row.size) for row in rows)


def test_a_key_that_signed_nothing_is_not_pinned(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    honest_key = impostor.shown_key
    asked: list[bytes] = []

    def damaged_once() -> bytes:
        asked.append(honest_key())
        return asked[-1] if len(asked) > 1 else bytes([asked[-1][0] ^ 1]) + asked[-1][1:]

    impostor.shown_key = damaged_once  # type: ignore[method-assign]
    complete, rows, _ = deliver(school, impostor)
    assert complete, rows
    assert Receipts(school.state).key == honest_key()


def test_a_known_server_without_a_receipt_is_asked_again(school: School, impostor: Impostor) -> None:
    """Its key is known: that it should offer no proof at all is not the server's word."""
    school.record("Иванов И", noise(1000))
    assert deliver(school, impostor)[0]
    school.record("Петров П", noise(1000, 2))

    def nothing(_: Receipt) -> None:
        impostor.refuse["GET"] = [(404, {}), (405, {})]

    impostor.receipt = once(nothing)  # type: ignore[arg-type]
    complete, rows, _ = deliver(school, impostor)
    assert complete, rows
    assert {row.state for row in rows} == {ItemState.DELIVERED}


def test_a_server_that_once_offered_no_proof_is_asked_again_in_the_next_life(
    school: School, impostor: Impostor
) -> None:
    """At the first file ever: what stood before the server knew neither a receipt nor a key."""
    school.record("Иванов И", noise(1000))

    def nothing(_: Receipt) -> None:
        impostor.refuse["GET"] = [(404, {}), (405, {})]

    impostor.receipt = once(nothing)  # type: ignore[arg-type]
    complete, rows, _ = deliver(school, impostor, lives=2)
    assert complete, rows


def test_a_receipt_lost_while_its_file_was_gone_is_asked_for_again(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    assert deliver(school, impostor)[0]
    away = school.day.rename(school.base / "away")
    deliver(school, impostor)
    for receipt in (school.state / "receipts").iterdir():
        receipt.unlink()
    away.rename(school.day)
    complete, rows, _ = deliver(school, impostor)
    assert complete, rows
    assert all(Receipts(school.state).proves(row.sha256, row.size) for row in rows)


def test_a_file_that_lies_under_another_name_is_not_delivered(impostor: Impostor) -> None:
    """A byte of its name was damaged on its way; the receipt speaks of the content alone."""
    item = Item("2026-02-11_265/Иванов И.wav", "participant", "0" * 64, 0)
    target = Tus(f"http://127.0.0.1:{impostor.port}/files", "")
    upload = target.create(item).upload
    impostor.metadata[upload] = impostor.metadata[upload].replace("filename 0", "filename 1")
    impostor.receipt = lambda honest: replace(honest, stored_at=datetime.now(UTC))
    assert isinstance(target.prove(upload, item, lambda _: None), Lost)


def test_a_replaced_token_serves_at_once(school: School, our_exchange: Target) -> None:
    right, our_exchange.token = our_exchange.token, "expired"
    school.send_to(our_exchange)
    target = build(config.load(school.base / "sync.toml"))
    item = Item("2026-02-11_265/Иванов И.wav", "participant", "0" * 64, 1)
    with pytest.raises(Fatal, match="token_file"):
        target.create(item)
    (school.base / "token").write_text(right)
    assert target.create(item).upload
