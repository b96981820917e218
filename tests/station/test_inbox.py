"""The inbox: everything in order, nothing lost, nobody waits to post."""

import os
import threading
from collections.abc import Iterator, Sequence

import pytest

from station.inbox import Inbox
from station.messages import Block, CaptureLost, Message, Published, Stop


class Pipe:
    """A source whose sound comes through a real pipe; each byte is a block."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def fileno(self) -> int:
        return self.reading

    def receive(self) -> Sequence[Block | CaptureLost]:
        return [block(number) for number in os.read(self.reading, 100)]

    def tend(self) -> Sequence[CaptureLost]:
        return ()


class Away(Pipe):
    def __init__(self) -> None:
        self.reading = self.writing = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    os.close(pipe.reading)
    os.close(pipe.writing)


def block(number: int) -> Block:
    return Block(1, number, number, overflow=False, data=b"")


def note(number: int) -> Published:
    return Published(str(number), "", "")


def test_what_is_posted_comes_in_order() -> None:
    inbox = Inbox()
    for number in range(500):
        inbox.post(note(number))
    assert inbox.next(0, Away()) == [note(number) for number in range(500)]
    assert inbox.next(0, Away()) == []


def test_sound_comes_before_what_was_posted(pipe: Pipe) -> None:
    inbox = Inbox()
    inbox.post(Stop())
    os.write(pipe.writing, bytes([1, 2]))
    assert inbox.next(0, pipe) == [block(1), block(2), Stop()]


def test_a_post_wakes_the_reader_at_once(pipe: Pipe) -> None:
    inbox = Inbox()
    found: list[Message] = []
    reader = threading.Thread(target=lambda: found.extend(inbox.next(30, pipe)))
    reader.start()
    inbox.post(Stop())
    reader.join(20)
    assert found == [Stop()]


def test_many_writers_lose_nothing() -> None:
    inbox, writers, each = Inbox(), 8, 300

    def write(writer: int) -> None:
        for number in range(each):
            inbox.post(Published(str(writer), str(number), ""))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    got: list[Message] = []
    while len(got) < writers * each:
        got += inbox.next(20, Away())  # may wake for what it has handed over already
    for writer in range(writers):
        own = [one.sha256 for one in got if isinstance(one, Published) and one.stem == str(writer)]
        assert own == [str(number) for number in range(each)]
