"""The capture child's pipe: packets whole and in order, whatever pieces they travel in; a station that stands still."""

import os
from collections.abc import Iterator

import pytest

from station.capture import outlet as module
from station.capture import wire
from station.capture.outlet import Outlet


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def everything(reading: int, outlet: Outlet) -> list[wire.Packet]:
    """All packets, read as the outlet is pushed on."""
    unpacker, packets = wire.Unpacker(), []
    os.set_blocking(reading, False)
    while True:
        try:
            packets += unpacker.feed(os.read(reading, 1000))
        except BlockingIOError:
            if not outlet._backlog:
                return packets
            outlet.say(wire.pack_lost("more", ""))


def block(number: int, size: int = 5000) -> bytes:
    return wire.pack_block(bytes([number % 251]) * size, number, 10 * number, number, number % 2 == 0)


def test_packets_arrive_whole_and_in_order_though_the_pipe_was_full(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1])
    for number in range(100):
        outlet.send(block(number))
    assert outlet._backlog, "the pipe holds 64 KiB"
    blocks = [packet for packet in everything(pipe[0], outlet) if packet.kind is wire.Kind.BLOCK]
    assert [packet.first_frame for packet in blocks] == list(range(100))
    assert all(packet.body == bytes([number % 251]) * 5000 for number, packet in enumerate(blocks))
    assert [(p.monotonic_ns, p.beyond, p.overflow) for p in blocks[:2]] == [(0, 0, True), (10, 1, False)]


def test_what_is_too_much_is_dropped_whole_but_words_are_not(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BACKLOG_BYTES", 50_000)
    outlet = Outlet(pipe[1])
    for number in range(100):
        outlet.send(block(number))
    outlet.say(wire.pack_lost("device_lost", "нет\nего"))
    packets = everything(pipe[0], outlet)
    frames = [packet.first_frame for packet in packets if packet.kind is wire.Kind.BLOCK]
    assert frames == list(range(len(frames)))
    assert 20 <= len(frames) < 30
    assert wire.loss(next(p for p in packets if p.kind is wire.Kind.LOST)) == ("device_lost", "нет\nего")


def test_finish_waits_until_all_is_sent() -> None:
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        outlet = Outlet(writing)
        for number in range(100):
            outlet.send(block(number))
        outlet.finish()
        os._exit(0)
    os.close(writing)
    unpacker = wire.Unpacker()
    with os.fdopen(reading, "rb") as pipe:
        packets = list(unpacker.feed(pipe.read()))
    assert os.waitpid(child, 0)[1] == 0
    assert len(packets) == 100


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="packet of"):
        list(wire.Unpacker().feed(b"\xff" * 64))
