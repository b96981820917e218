"""What the sound says of itself at this moment: each alarm by its threshold and time, and none without a reason."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from station.audibility.expecting import Expecting
from station.audibility.flaws import Fault
from station.audibility.live import Ears, Piece
from station.audibility.thresholds import LiveThresholds

SAMPLES = 480
RANDOM = np.random.default_rng(3)
VOICE, ROOM = -25.0, -65.0


def piece(level: float, seconds: float = 1.0, *, speech: bool = False, clipped: int = 0, zeros: bool = False) -> Piece:
    """So many seconds at a level in dBFS. `clipped`: samples in its first cell."""
    cells = round(seconds * 100)
    power = np.full(cells, 0.0 if zeros else 10 ** (level / 10), np.float32)
    clips = np.zeros(cells, np.uint16)
    clips[0] = clipped
    return Piece(power, np.full(cells, speech), clips, np.full(cells, zeros), SAMPLES)


class Listening:
    """One room's ears while a take is recorded; what stands after each second."""

    def __init__(self, channels: int = 1, noise_dbfs: Sequence[float] = (), *, is_recording: bool = True) -> None:
        self.ears = Ears(channels, LiveThresholds())
        self.ears.expect_noise(noise_dbfs)
        self.is_recording = is_recording
        self.standing: dict[tuple[str, int | None], str] = {}
        if is_recording:
            self.ears.begin_take(None)

    def hear(self, *pieces: Piece, faults: Sequence[tuple[Fault, float]] = ()) -> dict[tuple[str, int | None], str]:
        alarms = self.ears.hear(pieces, faults, None, is_recording=self.is_recording)
        self.standing = {(alarm.code, alarm.channel): alarm.severity for alarm in alarms}
        self.ago = {alarm.code: alarm.ago_s for alarm in alarms}
        return self.standing

    def talk(self, seconds: int, level: float = VOICE, room: float = ROOM, clipped: int = 0) -> None:
        """Four seconds of speech, one of the room, over and over."""
        for second in range(seconds):
            is_gap = second % 5 == 4
            self.hear(piece(room if is_gap else level, speech=not is_gap, clipped=0 if is_gap else clipped))


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (-25, {}),
        (-33, {}),
        (-35, {("level_low", 0): "warn"}),
        (-41, {("level_low", 0): "red"}),
        (-18, {}),
        (-16, {("level_high", 0): "warn"}),
        (-12, {("level_high", 0): "red"}),
    ],
)
def test_the_level_of_the_last_ten_seconds_of_speech(level: float, expected: dict[tuple[str, int], str]) -> None:
    here = Listening()
    here.talk(11, level)
    assert here.standing == {}, "not before there are ten seconds of speech"
    here.talk(9, level)
    assert here.standing == expected


def test_a_level_that_was_told_is_over_once_it_is_better_by_more_than_it_wavers() -> None:
    here = Listening()
    here.talk(20, -35)
    here.talk(20, -33.5)
    assert here.standing == {("level_low", 0): "warn"}
    here.talk(20, -32.5)
    assert here.standing == {}


def test_noise_counts_for_nothing_in_a_level() -> None:
    here = Listening(noise_dbfs=(-45.0,))
    here.talk(20, 10 * np.log10(10**-3.55 + 10**-4.5), room=-45)
    assert here.standing[("level_low", 0)] == "warn"


@pytest.mark.parametrize(("clipped", "severity"), [(2, "warn"), (480, "red")])
def test_clipping_stands_for_ten_seconds(clipped: int, severity: str) -> None:
    here = Listening()
    here.talk(10)
    here.hear(piece(VOICE, speech=True, clipped=clipped))
    assert here.standing == {("clipping", 0): severity}
    here.talk(9)
    assert here.standing == {("clipping", 0): severity}
    here.talk(2)
    assert here.standing == {}


@pytest.mark.parametrize("is_recording", [True, False])
def test_a_dead_microphone_is_told_between_participants_too(*, is_recording: bool) -> None:
    here = Listening(is_recording=is_recording)
    here.hear(piece(ROOM))
    assert here.hear(piece(-80, 0.9)) == {}
    assert here.hear(piece(-80, 0.2)) == {("silence", 0): "warn"}
    assert here.hear(piece(-80, 2.0)) == {("silence", 0): "red"}
    assert here.hear(piece(ROOM, 0.5)) == {("silence", 0): "warn"}
    assert here.hear(piece(ROOM, 1.1)) == {}


def test_exact_zeros_are_told_at_once() -> None:
    here = Listening()
    here.hear(piece(ROOM))
    assert here.hear(piece(0, 0.02, zeros=True)) == {("silence", 0): "red"}


def test_a_room_that_was_as_quiet_in_its_test_recording_is_no_dead_microphone() -> None:
    here = Listening(noise_dbfs=(-78.0,))
    assert here.hear(piece(-79, 10)) == {}
    assert here.hear(piece(-85, 4)) == {("silence", 0): "red"}


def test_in_a_loud_room_a_microphone_that_hears_much_less_is_dead() -> None:
    here = Listening(noise_dbfs=(-50.0,))
    assert here.hear(piece(-61, 4)) == {}
    assert here.hear(piece(-63, 4)) == {("silence", 0): "red"}


@pytest.mark.parametrize(
    ("seconds", "severity"), [([0.01], "warn"), ([0.06], "red"), ([0.01, 0.01], "warn"), ([0.01, 0.01, 0.01], "red")]
)
def test_dropouts_by_number_and_length(seconds: Sequence[float], severity: str) -> None:
    here = Listening()
    for number, length in enumerate(seconds):
        here.hear(piece(VOICE, speech=True), faults=[(Fault("zeros", 0, number * 1000, 480), length)])
    assert here.standing == {("dropout", 0): severity}
    here.talk(61)
    assert here.standing == {}


def test_a_dropout_that_grows_is_one_and_then_the_microphones_silence() -> None:
    here = Listening()
    for length in (0.5, 1.0, 2.0):
        here.hear(piece(0, zeros=True), faults=[(Fault("zeros", 0, 7, 480), length)])
    assert here.standing == {("silence", 0): "red"}


@pytest.mark.parametrize(
    ("room", "tested", "severity"),
    [
        (-60, -65, None),
        (-58, -65, "warn"),
        (-52, -65, "red"),
        (-50, None, None),
        (-48, None, "warn"),
        (-42, None, "red"),
    ],
)
def test_noise_against_the_test_recording(room: float, tested: float | None, severity: str | None) -> None:
    here = Listening(noise_dbfs=() if tested is None else (tested,))
    here.talk(30, room=-65 if tested is None else tested)
    here.talk(40, room=room)
    assert here.standing.get(("noise", 0)) == severity


def test_a_cough_is_not_the_rooms_noise() -> None:
    here = Listening(noise_dbfs=(-65.0,))
    here.talk(30)
    here.hear(piece(-30, 0.5))
    here.talk(10)
    assert here.standing == {}


def test_a_voice_drowned_in_noise_for_ten_seconds_is_red() -> None:
    here = Listening(noise_dbfs=(-40.0,))
    here.talk(40, level=-30, room=-40)
    assert here.standing == {("noise", 0): "red"}


def test_of_two_microphones_each_has_its_own_voice() -> None:
    here = Listening(channels=2)
    for second in range(40):
        is_first = second % 2 == 0
        here.hear(piece(-25 if is_first else -50, speech=True), piece(-45 if is_first else -36, speech=True))
    assert here.standing == {("level_low", 1): "warn"}


def test_a_muted_second_microphone_is_named() -> None:
    here = Listening(channels=2)
    for _ in range(5):
        here.hear(piece(VOICE, speech=True), piece(0, zeros=True))
    assert here.standing == {("silence", 1): "red"}


def test_nothing_but_life_and_dropouts_matters_between_participants() -> None:
    here = Listening(is_recording=False, noise_dbfs=(-65.0,))
    here.talk(60, level=-10, room=-40, clipped=100)
    assert here.standing == {}


def test_another_person_is_not_judged_by_the_one_before() -> None:
    here = Listening()
    here.talk(20, -42)
    assert ("level_low", 0) in here.standing
    here.ears.begin_take(None)
    assert here.hear(piece(VOICE, speech=True)) == {}


# -- is somebody to speak? -------------------------------------------------------------------------------------


def missing(
    *script: tuple[int | None, bool, float], tasks: Sequence[int] = (1, 2, 3, 4), extended: bool = False
) -> float:
    """After (task, whether somebody speaks, seconds) in turn."""
    expecting = Expecting(tasks, extended=extended)
    for task, speaks, seconds in script:
        for _ in range(round(seconds / 0.5)):
            expecting.hear(_speech(speaks=speaks), task)
    return expecting.missing_s


def _speech(*, speaks: bool) -> NDArray[np.bool_]:
    return np.full(50, speaks)


GREETED = (None, True, 10.0)
PREPARED = (1, False, 90.0)
READ = (1, True, 40.0)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([(None, False, 20)], 20),
        ([GREETED, (None, False, 100)], 0),
        ([GREETED, (None, False, 140)], 20),
        ([GREETED, (1, True, 10), (1, False, 100)], 0),
        ([GREETED, (1, True, 10), (1, False, 120)], 10),
        ([GREETED, (1, True, 10), PREPARED, READ, (1, False, 30)], 30),
        ([GREETED, (1, True, 10), PREPARED, READ, (1, False, 30), (1, True, 1)], 0),
        ([GREETED, (3, True, 10), (3, False, 55)], 5),
        ([GREETED, (4, True, 10), (4, False, 20)], 20),
        ([GREETED, (4, True, 10), (4, False, 20), (1, False, 30)], 0),
    ],
)
def test_silence_is_missed_only_where_somebody_should_speak(
    script: list[tuple[int | None, bool, float]], expected: float
) -> None:
    assert missing(*script) == pytest.approx(expected, abs=0.6)


def test_a_task_that_is_not_taken_is_silent_by_right() -> None:
    assert missing(GREETED, (2, True, 5), (2, False, 300), tasks=(1, 3, 4)) == 0


def test_extra_time_is_spread_freely() -> None:
    assert missing(GREETED, (1, True, 10), (1, False, 600), extended=True) == 0
    assert missing(GREETED, (None, False, 600), extended=True) == 0
