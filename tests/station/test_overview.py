"""The participants' part of Status: everyone on the list, with what counts."""

import threading
from pathlib import Path

import pytest
from days import IVANOV, PETROVA, RATE, ROSTER, StillClock
from msgspec.structs import replace
from presses import PRE, Presses, open_part

from exam.audio import AudioFormat
from exam.regulation import Outcome
from station import disks, overview
from station.messages import ParticipantStatus, PedalStatus, Status, StreamStatus, TakeInHand
from station.overview import Snapshot
from station.session import commands as ask
from station.window import Window

OPEN, STOP, ACCEPT = ask.Open(), ask.Stop(), ask.Accept()
FIRST = ask.Start(participant=1)


def seen(presses: Presses) -> dict[int, ParticipantStatus]:
    return {one.number: one for one in overview.participants(presses.day, presses.rules)}


def test_everyone_on_the_list_is_there_in_its_order() -> None:
    told = seen(Presses())
    assert list(told) == list(ROSTER)
    assert told[1] == ParticipantStatus(1, "Иванов Иван Иванович", None, ())


def test_takes_and_outcomes_are_told() -> None:
    presses = Presses(OPEN, FIRST, STOP, ask.Retake(reason="r"), FIRST, STOP, ACCEPT)
    presses.press(ask.SetOutcome(participant=2, outcome=Outcome.ABSENT))
    presses.publish(IVANOV)
    told = seen(presses)
    second = f"{IVANOV}_дубль_2.wav"
    assert [(take.take, take.file, take.accepted, take.published, take.decision) for take in told[1].takes] == [
        (1, f"{IVANOV}.wav", False, True, "rejected"),
        (2, second, True, False, "accepted"),
    ]
    assert all(take.seconds > 0 and take.ended_at is not None for take in told[1].takes)
    assert (told[2].outcome, told[2].takes) == ("absent", ())


def test_only_the_last_accepted_take_is_the_accepted_one() -> None:
    takes = seen(Presses(OPEN, FIRST, STOP, ACCEPT, FIRST, STOP, ACCEPT))[1].takes
    assert [take.accepted for take in takes] == [False, True]


@pytest.mark.parametrize(
    ("command", "left"),
    [(ask.Cancel(), {1: [], 2: []}), (ask.Reassign(take=IVANOV, to=2, reason="r"), {1: [], 2: [f"{PETROVA}.wav"]})],
)
def test_cancelled_and_reassigned_takes_leave(command: ask.Command, left: dict[int, list[str]]) -> None:
    told = seen(Presses(OPEN, FIRST, STOP, command))
    assert {number: [take.file for take in told[number].takes] for number in left} == left


def test_hours_left_count_the_stream_and_a_take_beside_it(tmp_path: Path) -> None:
    one = disks.disk_status(tmp_path, AudioFormat(48000, 1))
    assert one.folder == str(tmp_path)
    assert one.hours_left == pytest.approx(one.free_bytes / (2 * 48000 * 2 * 3600), abs=0.05)


def in_hand(presses: Presses) -> TakeInHand:
    """As the status tells it, with a made-up stream as long as the moment."""
    part = open_part(presses.day)
    stream = StreamStatus(part.file if part else "", presses.frame, presses.frame)
    snapshot = Snapshot(presses.day, stream, (), (), (), (), ())
    told = snapshot.status(AudioFormat(RATE, 1), 1, presses.wall, None).in_hand
    assert told is not None
    return told


def test_the_take_in_hand_is_timed_from_the_press_without_its_pauses() -> None:
    presses = Presses(OPEN).later(RATE)
    presses.press(FIRST)
    presses.later(2 * RATE).press(ask.MarkTask(task=1))
    presses.later(3 * RATE).press(ask.Pause())
    paused = in_hand(presses.later(4 * RATE))
    assert paused.seconds == pytest.approx(5.0, abs=0.01)
    assert paused.paused_s == pytest.approx(4.0, abs=0.01)
    presses.press(ask.Resume())
    presses.press(ask.MarkTask(task=2))
    going_on = in_hand(presses.later(RATE))
    assert going_on.seconds == pytest.approx(6.0, abs=0.01)
    assert going_on.seconds_in_all == pytest.approx(6.0 + PRE / RATE, abs=0.01)
    assert [(mark.task, round(mark.seconds, 1)) for mark in going_on.marks] == [(1, 2.0), (2, 5.0)]
    assert (going_on.take, going_on.number, going_on.paused_s) == (IVANOV, 1, None)


def test_a_window_wakes_for_what_is_worth_telling() -> None:
    """Frames and levels grow by themselves; a press, a pedal that is held are news."""
    presses = Presses(OPEN)
    stream = StreamStatus("a.wav", 1, 1)
    seen = Snapshot(presses.day, stream, (), (), (), (), ())
    window = Window(AudioFormat(RATE, 1), StillClock(), seen)
    before = window.status.version
    window.show(seen._replace(stream=replace(stream, frames=2), heard=(b"\x01\x02",)))
    assert window.after(before, 0).version == before
    presses.press(FIRST)
    window.show(seen._replace(day=presses.day))
    assert window.after(before, 0).version == before + 1
    window.show_pedal(PedalStatus(present=True))
    assert window.after(before, 0).pedal == PedalStatus(present=True)
    window.show_pedal(PedalStatus(present=True))
    assert window.status.version == before + 2


def test_whoever_watches_is_woken_by_the_next_change() -> None:
    presses = Presses(OPEN)
    seen = Snapshot(presses.day, None, (), (), (), (), ())
    window = Window(AudioFormat(RATE, 1), StillClock(), seen)
    told: list[Status] = []
    watcher = threading.Thread(target=lambda: told.append(window.after(1, 60)))
    watcher.start()
    presses.press(FIRST)
    window.show(seen._replace(day=presses.day))
    watcher.join(60)
    assert [status.state for status in told] == [presses.day.state]
