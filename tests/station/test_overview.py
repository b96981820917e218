"""The participants' part of Status: everyone on the list, with what counts."""

from pathlib import Path

import pytest
from days import IVANOV, PETROVA, ROSTER
from presses import Presses

from exam.audio import AudioFormat
from exam.regulation import Outcome
from station import disks, overview
from station.messages import ParticipantStatus, TakeStatus
from station.session import commands as ask

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
    assert told[1].takes == (
        TakeStatus(1, f"{IVANOV}.wav", accepted=False, published=True),
        TakeStatus(2, second, accepted=True, published=False),
    )
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
