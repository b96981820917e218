"""The hash chain: what a head stands for, the chain file through crashes and full disks, heads for paper."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from days import RATE, SHAPE, Room, sound

from exam import manifest
from exam.audio import AudioFormat
from station import chain, links
from station.chain import Chain
from station.heads import heads_for_paper
from station.journal import read as read_journal
from station.links import Link
from station.session import commands as ask
from station.tape import HEADER_BYTES, Tape, TapeReader, seal
from station.verify import verify
from station.verify.claims import claim

TEN = 10 * RATE
FILE = "11.02.2026_265_701020_поток_01.wav"


class Recording:
    """A stream being recorded with its chain."""

    def __init__(self, folder: Path) -> None:
        self.tape = Tape(folder / FILE, SHAPE)
        self.chain = Chain(self.tape.path, SHAPE)
        self.path = chain.path_of(self.tape.path)

    def hear(self, frames: int) -> None:
        self.tape.append(sound(self.tape.frames, frames))
        self.tape.sync()
        self.chain.sync(self.tape)

    def end(self) -> None:
        self.tape.sync()
        self.chain.end(self.tape)
        self.tape.close()

    @property
    def written(self) -> list[Link]:
        return links.read(self.path.read_bytes())[0]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


def by_hand(frames: int) -> list[str]:
    """The heads as the format's description says, from nothing of ours."""
    stated = f"exam-station hash chain 1\n{FILE}\npcm 16 bit, {RATE} Hz, channels: 1\n"
    heads = [hashlib.sha256(stated.encode()).digest()]
    for first in range(0, frames + 1, TEN):
        block = hashlib.sha256(sound(first, min(TEN, frames - first))).digest()
        heads.append(hashlib.sha256(heads[-1] + block).digest())
    return [head.hex() for head in heads[1:]]


@pytest.mark.parametrize("frames", [0, 1, TEN - 1, TEN, TEN + 1, 3 * TEN, 3 * TEN + 777])
def test_the_chain_is_what_its_description_says(recording: Recording, frames: int) -> None:
    recording.hear(frames)
    recording.end()
    written = recording.written
    assert [link.head for link in written] == by_hand(frames)
    assert [link.frames for link in written] == [min((n + 1) * TEN, frames) for n in range(len(written))]
    assert len(written) == links.count(frames, SHAPE)
    assert recording.chain.whole == recording.chain.head == written[-1].head
    with TapeReader(recording.tape.path) as audio:
        assert chain.links_of(audio) == written


def test_a_line_is_written_when_its_ten_seconds_are_there(recording: Recording) -> None:
    recording.hear(TEN - 1)
    assert (recording.chain.frames, recording.path.exists()) == (0, False)
    recording.hear(1)
    assert (recording.chain.frames, recording.chain.head) == (TEN, by_hand(TEN)[0])
    assert len(recording.written) == 1
    recording.hear(2 * TEN + 5)
    assert [link.frames for link in recording.written] == [TEN, 2 * TEN, 3 * TEN]
    assert recording.chain.whole is None


def test_the_end_on_a_boundary_is_told_from_the_boundary(recording: Recording) -> None:
    recording.hear(TEN)
    boundary = recording.chain.head
    recording.end()
    assert recording.chain.head != boundary


@pytest.mark.parametrize("shape", [AudioFormat(RATE, 2), AudioFormat(RATE + 1, 1)])
def test_the_same_bytes_as_another_format_or_file_are_another_chain(shape: AudioFormat) -> None:
    origins = {links.origin(FILE, SHAPE), links.origin(FILE, shape), links.origin("x.wav", SHAPE)}
    assert len(origins) == 3


def test_a_name_spelt_with_combining_marks_is_the_same_name() -> None:
    assert links.origin("Й.wav", SHAPE) == links.origin("И\u0306.wav", SHAPE)


# -- crashes and disks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", range(0, 3 * 140, 23))
def test_after_a_crash_the_chain_is_completed_wherever_it_was_torn(recording: Recording, torn: int) -> None:
    recording.hear(3 * TEN + 4321)
    os.truncate(recording.path, min(torn, recording.path.stat().st_size))
    seal(recording.tape.path)
    assert chain.complete(recording.tape.path) == by_hand(3 * TEN + 4321)[-1]
    assert [link.head for link in recording.written] == by_hand(3 * TEN + 4321)
    before = recording.path.stat().st_mtime_ns
    assert chain.complete(recording.tape.path) == by_hand(3 * TEN + 4321)[-1]
    assert recording.path.stat().st_mtime_ns == before, "what is complete is left alone"


@pytest.mark.parametrize("tail", [bytes(100), b"80000 ab", b"\xff\n\n\0"])
def test_garbage_a_power_cut_leaves_behind_the_lines_is_cut_off(recording: Recording, tail: bytes) -> None:
    recording.hear(TEN + 1)
    with recording.path.open("ab") as file:
        file.write(tail)
    assert chain.complete(recording.tape.path) == by_hand(TEN + 1)[-1]
    assert [link.head for link in recording.written] == by_hand(TEN + 1)
    assert recording.path.stat().st_size == sum(len(links.written(link)) for link in recording.written)


def test_a_chain_that_never_began_is_made_from_the_audio(recording: Recording) -> None:
    recording.hear(2 * TEN)
    recording.path.unlink()
    assert chain.complete(recording.tape.path) == by_hand(2 * TEN)[-1]
    assert len(recording.written) == 3


def test_only_what_has_no_line_yet_is_hashed(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start-up after a crash late in the day must not read the day."""
    recording.hear(5 * TEN + 100)
    hashed: list[int] = []
    real = chain.hash_of
    monkeypatch.setattr(chain, "hash_of", lambda s, first, end: (hashed.append(end - first), real(s, first, end))[1])
    chain.complete(recording.tape.path)
    assert hashed == [100]


@pytest.mark.parametrize("spoil", ["shorter audio", "an altered line", "lines swapped", "a line behind garbage"])
def test_what_contradicts_is_evidence_and_is_left_alone(recording: Recording, spoil: str) -> None:
    recording.hear(3 * TEN + 5)
    lines = recording.path.read_bytes().splitlines(keepends=True)
    if spoil == "shorter audio":
        os.truncate(recording.tape.path, HEADER_BYTES + 2 * (TEN + 7))
        seal(recording.tape.path)
    elif spoil == "an altered line":
        lines[1] = lines[1].replace(b"a", b"b")
    elif spoil == "lines swapped":
        lines[0], lines[1] = lines[1], lines[0]
    else:
        lines.insert(2, b"garbage\n")
    recording.path.write_bytes(b"".join(lines))
    with TapeReader(recording.tape.path) as audio:
        frames = audio.frames
    assert chain.complete(recording.tape.path) == by_hand(frames)[-1]
    assert recording.path.read_bytes() == b"".join(lines)


def test_a_name_that_is_taken_stops_nothing_and_overwrites_nothing(recording: Recording) -> None:
    recording.path.write_bytes(b"somebody's")
    recording.hear(2 * TEN)
    assert recording.chain.head == by_hand(2 * TEN)[1]
    assert isinstance(recording.chain.fault, FileExistsError)
    recording.end()
    assert recording.chain.head == by_hand(2 * TEN)[-1]
    assert recording.path.read_bytes() == b"somebody's"


def test_a_disk_that_refuses_is_tried_again_and_no_line_is_lost(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, room = os.pwrite, [30]

    def full(descriptor: int, content: bytes, position: int) -> int:
        taken = min(room[0], len(content))
        room[0] -= taken
        if not taken:
            raise OSError(28, "No space left on device")
        return real(descriptor, content[:taken], position)

    recording.hear(TEN - 1)
    with monkeypatch.context() as patch:
        recording.tape.append(sound(TEN - 1, 1))
        patch.setattr(os, "pwrite", full)
        recording.chain.sync(recording.tape)
        assert recording.chain.fault
    recording.hear(TEN)
    assert recording.chain.fault is None
    assert [link.head for link in recording.written] == by_hand(2 * TEN)[:2]


def test_a_stream_that_cannot_be_read_back_has_no_head_of_the_whole(recording: Recording) -> None:
    recording.hear(TEN - 1)
    recording.tape.append(sound(TEN - 1, 10))
    os.truncate(recording.tape.path, HEADER_BYTES + 100)
    recording.chain.end(recording.tape)
    assert recording.chain.fault
    assert recording.chain.whole is None


# -- in the room -----------------------------------------------------------------------------------------------


def test_the_head_is_journaled_each_minute_and_at_the_end(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Open())
        room.hear(1900)
        room.do(ask.Close())
        room.hear(2)
        room.published(1)
    rows = heads_for_paper(read_journal(room.folder))
    stream = room.folder / rows[0].stream
    with TapeReader(stream) as audio:
        heads = {(link.frames, link.head) for link in chain.links_of(audio)}
    assert all((row.frame, row.head) in heads for row in rows)
    assert len(rows) == 4
    assert rows[-1].frame == room.day.parts[0].frames
    assert [row.frame // RATE for row in rows[:3]] == [10, 70, 130], "from the first block on, each minute"


def test_a_take_is_printed_with_the_first_head_that_covers_it_whole(room: Room) -> None:
    room.hear(2)
    room.do(ask.Open())
    for participant in (1, 2):
        room.hear(10)
        room.do(ask.Start(participant=participant))
        room.hear(10)
        room.do(ask.Stop())
        room.hear(3)
        room.do(ask.Accept())
    assert heads_for_paper(read_journal(room.folder)) == ()
    room.hear(600)
    room.do(ask.Start(participant=4))
    room.hear(20)
    rows = heads_for_paper(read_journal(room.folder))
    assert [(row.participant, row.at) for row in rows] == [(1, rows[0].at), (2, rows[0].at)]
    assert all(row.frame >= take.spans[-1].end for row in rows for take in [room.day.takes[row.take or ""]])
    room.do(ask.Cancel())
    room.hear(3)
    room.do(ask.Close())
    room.hear(3)
    rows = heads_for_paper(read_journal(room.folder))
    assert [row.participant for row in rows] == [1, 2, None], "a cancelled take has no row"
    assert {len(row.printed.replace(" ", "")) for row in rows} == {20}
    assert all(row.head.startswith(row.printed.replace(" ", "")) for row in rows)


def test_after_a_kill_the_chain_of_the_torn_part_is_whole(tmp_path: Path) -> None:
    alive = Room(tmp_path / "alive")
    alive.start()
    alive.hear(2)
    alive.do(ask.Open())
    alive.hear(123)
    room = Room(tmp_path / "after")
    shutil.copytree(alive.folder, room.folder)
    alive.stop()
    room.clock.ns, room.clock.wall, room.run = alive.clock.ns, alive.clock.wall, alive.run
    room.start()
    room.hear(3)
    room.do(ask.Close())
    room.hear(3)
    room.published(2)
    room.stop()
    torn, after = room.day.parts
    for part in (torn, after):
        with TapeReader(room.folder / part.file) as audio:
            whole = chain.links_of(audio)
        stated = manifest.load(room.folder / part.file.replace(".wav", ".json")).chain
        assert stated == manifest.Chain(10, len(whole), whole[-1].head)
        assert part.head == whole[-1].head
    report = verify(room.folder, [claim(row.printed) for row in heads_for_paper(read_journal(room.folder))])
    assert (report.breaches, report.confirmed) == ((), 3)
