"""Where the page finds a take's sound: its own file, else the stream, whatever befell either; what it draws of it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from days import BLOCK, IVANOV, PETROVA, RATE, SHAPE, Room, audio_of
from tampered import PART_1

from exam.audio import Mark
from exam.localpage.refusal import Refused
from station.session import commands as ask
from station.tape import HEADER_BYTES, SUFFIX, Tape, header
from station.web.sounds import Piece, Sound, find
from station.web.survey import parts, survey_of, waveform


def served(sound: Sound, most: int = 1000) -> bytes:
    return b"".join(sound.blocks(0, sound.frames, most))


def play_take(room: Room) -> None:
    """With a pause and a mark; under review."""
    room.hear(3)
    room.do(ask.Open())
    room.hear(5)
    room.do(ask.Start(participant=1, variant="7"))
    room.hear(4)
    room.do(ask.MarkTask(task=1))
    room.hear(4)
    room.do(ask.Pause())
    room.hear(5)
    room.do(ask.Resume())
    room.hear(4)
    room.do(ask.Stop())


def test_a_take_under_review_is_its_own_file(room: Room) -> None:
    play_take(room)
    room.hear(2)
    sound = find([room.folder], IVANOV)
    assert [piece.path.name for piece in sound.pieces] == [IVANOV + SUFFIX]
    assert sound.is_whole
    assert served(sound) == audio_of(room.folder / (IVANOV + SUFFIX))
    assert [task for task, _ in sound.marks] == [1]


def test_what_was_said_last_is_awaited_not_left_out(room: Room) -> None:
    play_take(room)
    assert not find([room.folder], IVANOV).is_whole, "the moment after the stop has not come yet"
    room.hear(2)
    assert find([room.folder], IVANOV).is_whole


def test_while_it_is_recorded_it_is_not_heard(room: Room) -> None:
    room.hear(3)
    room.do(ask.Start(participant=1))
    with pytest.raises(Refused) as caught:
        find([room.folder], IVANOV)
    assert (caught.value.status, caught.value.code) == (409, "still_recording")


@pytest.mark.parametrize("damage", ["lost", "torn", "longer"])
def test_a_take_without_a_whole_file_is_heard_from_the_stream(day: Path, damage: str) -> None:
    own = day / (IVANOV + SUFFIX)
    before, whole = own.read_bytes(), find([day], IVANOV)
    if damage == "lost":
        own.unlink()
    else:
        own.write_bytes(before[: len(before) // 2] if damage == "torn" else before + bytes(10))
    sound = find([day], IVANOV)
    assert all("поток" in piece.path.name for piece in sound.pieces)
    assert header(SHAPE, sound.frames * 2) + served(sound) == before
    assert (sound.marks, sound.is_whole) == (whole.marks, True)
    assert survey_of(sound).sha256 == hashlib.sha256(before).hexdigest()


def test_recorded_as_stream_only_it_is_heard_all_the_same(tmp_path: Path) -> None:
    with Room(tmp_path, recording="stream") as room:
        play_take(room)
        room.hear(2)
        sound = find([room.folder], IVANOV)
        assert not (room.folder / (IVANOV + SUFFIX)).exists()
        assert sound.is_whole
        assert sound.frames == 2 * BLOCK + 12 * BLOCK + 2 * (BLOCK // 4)


def test_with_neither_file_nor_stream_what_there_is_is_heard(day: Path) -> None:
    own = day / (IVANOV + SUFFIX)
    own.write_bytes(own.read_bytes()[:4080])
    for stream in day.glob("*поток*.wav"):
        stream.unlink()
    assert (sound := find([day], IVANOV)).frames == 2000
    assert not sound.is_whole


def test_the_other_side_of_the_day_has_it_too(day: Path, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for name in ("journal.jsonl", PETROVA + SUFFIX):
        (mirror / name).write_bytes((day / name).read_bytes())
    (day / (PETROVA + SUFFIX)).unlink()
    (day / "journal.jsonl").unlink()
    assert find([day, mirror], PETROVA).pieces[0].path.parent == mirror


def test_a_reassigned_take_is_heard_before_it_is_published(room: Room) -> None:
    play_take(room)
    room.hear(2)
    room.do(ask.Reassign(take=IVANOV, to=2, reason="не тот"))
    sound = find([room.folder], PETROVA)
    assert served(sound) == audio_of(room.folder / (IVANOV + SUFFIX))


@pytest.mark.parametrize("stem", ["", "..", "../station", "/etc/passwd", "journal", "roster", PART_1[:-4], "a\0b"])
def test_nothing_but_a_take_of_the_day_is_found(day: Path, stem: str) -> None:
    with pytest.raises(Refused) as caught:
        find([day], stem)
    assert caught.value.status == 404


def test_a_day_that_was_never_opened_has_none(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        find([tmp_path, tmp_path / "nowhere"], IVANOV)


# -- what is drawn ---------------------------------------------------------------------------------------------


def made(folder: Path, frames: int, *marks: Mark) -> Sound:
    tape = Tape(folder / "x.wav", SHAPE)
    samples = (np.arange(frames) % 2000 - 1000).astype("<i2")
    tape.append(samples.tobytes())
    tape.close()
    return Sound("x", SHAPE, (Piece(tape.path, 0, frames),), tuple((mark.task, mark.frame) for mark in marks))


@pytest.mark.parametrize("frames", [0, 1, 7, 1199, 1200, 1201, 5 * RATE, 1200 * 300 + 17])
def test_columns_are_extremes_and_never_more_than_can_be_drawn(tmp_path: Path, frames: int) -> None:
    survey = survey_of(made(tmp_path, frames))
    (seat,) = survey.columns
    samples = (np.arange(frames) % 2000 - 1000) / 32768
    assert len(seat) <= 1200
    assert min((low for low, _ in seat), default=0) == pytest.approx(samples.min(initial=0), abs=0.001)
    assert max((high for _, high in seat), default=0) == pytest.approx(samples.max(initial=-1), abs=0.001) or not frames
    assert survey.sha256 == hashlib.sha256((tmp_path / "x.wav").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("seconds", "mark_s", "name", "middle", "end"),
    [
        (960, 12, (0, 12), (475, 485), (950, 960)),
        (960, None, (0, 15), (475, 485), (950, 960)),
        (8, None, (0, 8), (0, 8), (0, 8)),
        (8, 3, (0, 3), (0, 8), (0, 8)),
    ],
)
def test_the_quick_check_is_name_middle_and_end(
    seconds: int, mark_s: int | None, name: object, middle: object, end: object
) -> None:
    marks = ((1, mark_s * RATE),) if mark_s is not None else ()
    sound = Sound("x", SHAPE, (Piece(Path("x"), 0, seconds * RATE),), marks)
    assert parts(sound) == {"name": name, "middle": middle, "end": end}


def test_times_are_of_the_file(day: Path) -> None:
    told = waveform(survey_of(find([day], IVANOV)))
    sound = find([day], IVANOV)
    assert told["seconds"] == pytest.approx(sound.seconds, abs=0.01)
    assert told["marks"] == [{"task": 1, "seconds": pytest.approx((2 * BLOCK + 4 * BLOCK) / RATE, abs=0.2)}]
    assert (HEADER_BYTES, told["is_whole"]) == (80, True)
