"""What every transport does, whatever stands at the far end: shown against each real one.

A new transport of the same kind (`far.transport()`) is what the next process builds after a restart.
"""

import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from far_ends import FarEnd
from school import noise, sha256
from wire import Wire, wire_to

from exam.errors import ExamError, Transient
from sync.model import Receipt
from sync.plan import Item
from sync.source import Changed, Source
from sync.transports import Begun, Lost, Pending, Proof, Transport, Unproven

DAY = "2026-02-11_265"
LONGEST = "Ж" * 123 + ".mp3"  # 250 bytes of UTF-8: a file system takes 255
MB = 1_000_000


def nothing(_through: int) -> None:
    """Nobody looks."""


class File:
    """A file of the school, and it as an item."""

    def __init__(self, folder: Path, name: str, content: bytes) -> None:
        self.content = content
        self.path = folder / name
        self.path.write_bytes(content)
        self.item = Item(f"{DAY}/{name}", "participant", sha256(content), len(content))

    def source(self) -> Source:
        return Source(self.path, self.item.size, self.item.sha256)


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., File]:
    def make(name: str = "Ivanov I.mp3", content: bytes = noise(300_000)) -> File:
        return File(tmp_path, name, content)

    return make


def send(transport: Transport, file: File, begun: Begun | None = None) -> Begun:
    begun = begun or transport.create(file.item)
    if begun.offset < file.item.size:
        with file.source() as source:
            transport.send(begun.upload, source, begun.offset, nothing)
    return begun


def proof(transport: Transport, begun: Begun, file: File) -> Proof:
    """What the far end says once it has made up its mind."""
    deadline = time.monotonic() + 30
    while isinstance(found := transport.prove(begun.upload, file.item, nothing), Pending):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def assert_proved(far: FarEnd, found: Proof, file: File) -> None:
    """A receipt, where the target can prove anything; never one that says more."""
    if not far.proves:
        assert isinstance(found, Unproven)
        return
    assert isinstance(found, Receipt)
    assert (found.sha256, found.size) == (file.item.sha256, file.item.size)


def copies(far: FarEnd, file: File) -> int:
    return list(far.stored().values()).count(file.content)


def deliver(far: FarEnd, file: File) -> None:
    """As the agent does, which tries again what only failed for now."""
    transport = far.transport()
    begun = settled(lambda: send(transport, file))
    assert_proved(far, proof(transport, begun, file), file)
    transport.close()


def resumed(transport: Transport, begun: Begun, file: File) -> Begun:
    """As the agent goes on after a failure: by what the target says it holds."""
    there = transport.offset(begun.upload, file.item)
    return send(transport, file, Begun(begun.upload, there) if there is not None else None)


@pytest.mark.parametrize("size", [1, 65_536, 5_000_000])
def test_a_file_arrives_once_and_is_proved(far: FarEnd, made: Callable[..., File], size: int) -> None:
    file = made(content=noise(size))
    deliver(far, file)
    assert copies(far, file) == 1
    if far.names_files:
        assert far.stored() == {file.item.path: file.content}


def test_the_proof_can_be_asked_for_again_by_the_next_process(far: FarEnd, made: Callable[..., File]) -> None:
    file = made()
    transport = far.transport()
    begun = send(transport, file)
    assert_proved(far, proof(transport, begun, file), file)
    assert_proved(far, proof(far.transport(), begun, file), file)
    assert copies(far, file) == 1


def test_a_transport_serves_again_after_it_was_closed(far: FarEnd, made: Callable[..., File]) -> None:
    file, other = made(), made("Petrov P.mp3", noise(1000))
    transport = far.transport()
    send(transport, file)
    transport.close()
    assert_proved(far, proof(transport, send(transport, other), other), other)


@pytest.mark.parametrize(
    "names",
    [
        [LONGEST],
        ["Й" * 100 + ".json"],
        [unicodedata.normalize(form, "Ёлкин Й.mp3") for form in ("NFC", "NFD")],
        ["О'Нил-Ким А №1 (дубль 2), 50% + ~x;#q&a=b.mp3", "Иванов И.mp3"],
    ],
    ids=["longest", "Cyrillic", "NFC and NFD", "every sign"],
)
def test_names_arrive_as_they_are(far: FarEnd, made: Callable[..., File], names: list[str]) -> None:
    if not far.names_files:
        pytest.skip("names nothing")
    files = [made(name, noise(2000, seed)) for seed, name in enumerate(names)]
    for file in files:
        deliver(far, file)
    assert far.stored() == {file.item.path: file.content for file in files}


def test_the_same_content_under_two_names_is_two_files(far: FarEnd, made: Callable[..., File]) -> None:
    file, other = made("Ivanov I.mp3"), made("Petrov P.mp3")
    deliver(far, file)
    deliver(far, other)
    assert copies(far, file) == 2


@pytest.mark.parametrize("same_size", [True, False])
def test_a_name_that_is_taken_is_not_replaced(far: FarEnd, made: Callable[..., File], *, same_size: bool) -> None:
    if not far.names_files:
        pytest.skip("names nothing")
    file = made()
    foreign = noise(len(file.content) if same_size else 1000, 9)
    far.put(file.item.path, foreign)
    deliver(far, file)
    assert far.stored()[file.item.path] == foreign
    assert sorted(map(sha256, far.stored().values())) == sorted([sha256(foreign), file.item.sha256])


def test_what_lies_there_already_is_found_again(far: FarEnd, made: Callable[..., File]) -> None:
    """The school's ledger is lost; everything is sent, or found, once more."""
    file = made()
    deliver(far, file)
    deliver(far, file)
    if far.names_files:
        assert copies(far, file) == 1


def test_a_damaged_upload_is_never_proved(far: FarEnd, made: Callable[..., File]) -> None:
    file = made()
    transport = far.transport()
    begun = send(transport, file)
    first = transport.prove(begun.upload, file.item, nothing) if far.names_files and far.port else None
    if not isinstance(first, Receipt):
        far.damage()
        assert isinstance(proof(transport, begun, file), Lost | Unproven)


def test_after_damage_the_file_is_sent_anew(far: FarEnd, made: Callable[..., File]) -> None:
    file = made()
    transport = far.transport()
    begun = send(transport, file)
    far.damage()
    if isinstance(proof(transport, begun, file), Lost):
        transport.discard(begun.upload)
        deliver(far, file)
        assert copies(far, file) == 1


def test_a_file_changed_while_it_is_sent_never_arrives(far: FarEnd, made: Callable[..., File]) -> None:
    file = made(content=noise(40 * MB))
    transport = far.transport()
    begun = transport.create(file.item)

    def change(_through: int) -> None:
        with file.path.open("r+b") as opened:
            opened.seek(35 * MB)
            opened.write(b"other")

    with file.source() as source, pytest.raises(Changed):
        transport.send(begun.upload, source, 0, change)
    transport.discard(begun.upload)
    assert all(len(content) < file.item.size for content in far.stored().values())


def test_an_upload_that_was_discarded_is_none(far: FarEnd, made: Callable[..., File]) -> None:
    file = made()
    with line(far) as wire:
        wire.cut_after, wire.cuts, wire.rate = 100_000, 1, 20 * MB
        transport = far.transport(wire.port)
        begun = transport.create(file.item)
        wire.cuts = 1
        with suppress(Transient):
            send(transport, file, begun)
    transport, deadline = far.transport(), time.monotonic() + 90
    while transport.offset(begun.upload, file.item) is not None:  # a server may hold the broken connection for a while
        assert time.monotonic() < deadline
        transport.discard(begun.upload)
        time.sleep(0.05)


def line(far: FarEnd) -> "Wire":
    if far.port is None:
        pytest.skip("no line leads there")
    return wire_to(far.port)


@pytest.mark.parametrize("again", ["same process", "next process"])
def test_a_cut_line_is_gone_on_with(far: FarEnd, made: Callable[..., File], again: str) -> None:
    file = made(content=noise(20 * MB))
    with line(far) as wire:
        wire.rate = 100 * MB
        transport = far.transport(wire.port)
        begun = transport.create(file.item)
        wire.cut_after, wire.cuts = 8 * MB, 1
        with pytest.raises(Transient):
            send(transport, file, begun)
        sent = wire.sent
        transport = transport if again == "same process" else far.transport(wire.port)
        begun = settled(lambda: resumed(transport, begun, file))
        assert_proved(far, proof(transport, begun, file), file)
        within(lambda: copies(far, file) == 1)  # who proves nothing may still be writing
        if far.resumes:
            assert wire.sent - sent < 16 * MB


def within(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def settled(act: Callable[[], Begun]) -> Begun:
    """A server may still hold the broken connection: it says so, and is asked again."""
    deadline = time.monotonic() + 90
    while True:
        try:
            return act()
        except Transient:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_a_swallowed_reply_to_the_last_byte_doubles_nothing(far: FarEnd, made: Callable[..., File]) -> None:
    file = made(content=noise(2 * MB))
    with line(far) as wire:
        transport = far.transport(wire.port)
        begun = transport.create(file.item)
        wire.swallow_after, wire.swallows = file.item.size, 1
        with suppress(Transient):
            send(transport, file, begun)
        begun = settled(lambda: resumed(transport, begun, file))
        assert_proved(far, proof(transport, begun, file), file)
    assert copies(far, file) == 1


def test_a_server_that_is_away_is_waited_for(far: FarEnd, made: Callable[..., File]) -> None:
    file = made()
    transport = far.transport()
    begun = send(transport, file)
    with far.outage(), pytest.raises(Transient):
        transport.offset(begun.upload, file.item)
    begun = settled(lambda: resumed(transport, begun, file))
    assert_proved(far, proof(transport, begun, file), file)
    assert copies(far, file) == 1


def test_every_failure_is_one_of_ours(far: FarEnd, made: Callable[..., File]) -> None:
    """Cut after n bytes of the answers and of the question, wherever that falls."""
    file = made(content=noise(200_000))
    with line(far) as wire:
        for cut_after in (0, 1, 50, 300, 1000, 100_000):
            wire.cut_after, wire.cuts = cut_after, 1
            transport = far.transport(wire.port)
            with suppress(ExamError):
                proof(transport, send(transport, file), file)
    deliver(far, file)
