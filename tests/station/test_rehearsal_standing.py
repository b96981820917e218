"""Whether a room's last test recording is good enough: what it lacks, who answers for it, what it tells the day."""

from datetime import timedelta

import msgspec
import pytest
from days import DAY, MORNING, RATE, Room, rules_for
from msgspec.structs import replace
from rehearsed_days import FAILED, GOOD, PROBA, QUICK_BLOCKS

from exam.errors import Rejected
from station.audibility.findings import Verdict
from station.audibility.thresholds import Thresholds
from station.due import case_of
from station.session import Day, State, evolve
from station.session import commands as ask
from station.session import events as happened
from station.session.day import Rehearsal
from station.session.rehearsals import lack
from station.session.rules import free_rehearsal


def codes(room: Room) -> list[str]:
    return [alarm.code for alarm in room.recorder.status.alarms]


def test_a_room_without_a_good_rehearsal_says_so_and_is_opened_all_the_same(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(room.publisher), "_judge", lambda *_: msgspec.to_builtins(GOOD))
    room.hear(110)
    assert codes(room) == ["rehearsal_missing"]
    assert room.do(ask.Open()).state is State.IDLE
    assert codes(room) == ["rehearsal_missing"]
    room.do(ask.Rehearse(quick=True))
    room.hear(QUICK_BLOCKS)
    room.published(1)
    room.handled()
    assert codes(room) == []


def test_a_failed_one_is_told_until_somebody_answers_for_it(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(room.publisher), "_judge", lambda *_: msgspec.to_builtins(FAILED))
    room.hear(1)
    with pytest.raises(Rejected) as caught:
        room.do(ask.AcceptRehearsal(by="Петров"))
    assert caught.value.code == "no_rehearsal"
    room.do(ask.Rehearse(quick=True))
    room.hear(QUICK_BLOCKS)
    room.published(1)
    room.handled()
    (alarm,) = room.recorder.status.alarms
    assert (alarm.code, alarm.severity) == ("rehearsal_missing", "warn")
    assert "не удалась" in alarm.text
    status = room.do(ask.AcceptRehearsal(by="  Петров  П. "))
    assert status.alarms == ()
    assert status.rehearsal is not None
    assert (status.rehearsal.grade, status.rehearsal.accepted_by) == ("fail", "Петров П.")
    room.stop()
    room.start()
    assert room.day.rehearsals[0].accepted_by == "Петров П."


def made(verdict: Verdict | None, days_ago: int = 0, accepted_by: str | None = None) -> Day:
    """A day with one finished test recording."""
    at = MORNING - timedelta(days=days_ago)
    day = evolve(Day(), happened.RehearsalBegan(stem=PROBA), at)
    day = evolve(day, happened.RehearsalEnded(stem=PROBA, ending="done", frames=RATE), at)
    if verdict is not None:
        day = evolve(day, happened.RehearsalJudged(stem=PROBA, verdict=verdict), at)
    if accepted_by is not None:
        day = evolve(day, happened.RehearsalAccepted(stem=PROBA, by=accepted_by), at)
    return day


@pytest.mark.parametrize(
    ("day", "lacks"),
    [
        (Day(), "none"),
        (made(None), "none"),
        (made(None, accepted_by="П"), None),
        (made(GOOD), None),
        (made(GOOD, days_ago=3), None),
        (made(GOOD, days_ago=4), "old"),
        (made(FAILED), "failed"),
        (made(FAILED, accepted_by="П"), None),
        (made(FAILED, days_ago=4, accepted_by="П"), "old"),
    ],
)
def test_what_a_room_lacks(day: Day, lacks: str | None) -> None:
    assert lack(day, DAY, DAY, 3) == lacks


@pytest.mark.parametrize(("days_before", "lacks"), [(-1, None), (0, "none"), (1, "none"), (2, None)])
def test_a_closed_room_says_so_from_the_eve_on(days_before: int, lacks: str | None) -> None:
    assert lack(Day(), DAY - timedelta(days=days_before), DAY, 3) == lacks


def test_the_rooms_noise_is_that_of_the_last_one_by_channel() -> None:
    assert made(GOOD).rehearsals[0].noise_dbfs == (-64.0, -61.0)
    assert made(None).rehearsals[0].noise_dbfs == ()
    assert made(FAILED).last_rehearsal is not None


def test_who_has_less_time_need_not_speak_as_long() -> None:
    def needed(rehearsal: Rehearsal) -> float | None:
        case = case_of(rehearsal, RATE, Thresholds(), ())
        return case and case.thresholds.active_rehearsal_s

    done = made(None).rehearsals[0]
    assert needed(done) == 5.0
    assert needed(replace(done, quick=True)) == 2.5
    assert needed(replace(done, ending="start")) is None


def test_a_clock_that_was_wrong_moves_it_along() -> None:
    day = evolve(made(GOOD), happened.ClockCorrected(seconds=3600.0), MORNING)
    assert day.rehearsals[0].started_at == MORNING + timedelta(hours=1)


def test_a_second_computer_counts_from_201() -> None:
    assert free_rehearsal(Day(), replace(rules_for(), station=2), frozenset()) == PROBA[:-2] + "201"
    assert free_rehearsal(Day(), rules_for(), frozenset({f"{PROBA}.wav"})) == PROBA[:-2] + "02"
