"""A folder after the worst: everything in it is recognised, nothing is trusted, sound is rescued under new names."""

import os
import shutil
import stat
import struct
import subprocess
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile
from days import IVANOV, PETROVA, RATE, SHAPE, STREAM, audio_of, sound

from exam import names
from exam.audio import AudioFormat
from exam.errors import Rejected
from exam.fixity import sha256_of
from exam.names import RecordingName
from station import journal as journals
from station.salvage import Finding, State, What, free_name, rescue, shape_for, survey
from station.tape import HEADER_BYTES, TapeReader, header

STEREO = AudioFormat(44100, 2)


def find(folder: Path, file: str) -> Finding:
    return next(each for each in survey(folder) if each.file == file)


def states(folder: Path) -> dict[str, tuple[What, State]]:
    return {each.file: (each.what, each.state) for each in survey(folder)}


def photograph(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in folder.iterdir() if path.is_file()}


def test_a_finished_day(day: Path) -> None:
    before = photograph(day)
    assert states(day) == {
        f"{STREAM}.wav": (What.STREAM, State.WHOLE),
        f"{IVANOV}.wav": (What.TAKE, State.WHOLE),
        f"{PETROVA}.wav": (What.TAKE, State.WHOLE),
        **{f"{stem}.json": (What.MANIFEST, State.WHOLE) for stem in (STREAM, IVANOV, PETROVA)},
        **{f"{stem}.mp3": (What.DELIVERY, State.UNKNOWN) for stem in (STREAM, IVANOV, PETROVA)},
        f"{STREAM}.chain": (What.COMPANION, State.UNKNOWN),
        "11.02.2026_265_701020_ведомость_01.json": (What.ROOM_DAY, State.UNKNOWN),
        journals.FILE: (What.JOURNAL, State.WHOLE),
    }
    seen = find(day, f"{IVANOV}.wav")
    assert (seen.name, seen.shape) == (names.parse(IVANOV), SHAPE)
    assert seen.frames == len(audio_of(day / f"{IVANOV}.wav")) // 2
    assert photograph(day) == before


def test_foreign_files_among_ours(day: Path) -> None:
    (day / "REC0001.WAV").write_bytes(b"theirs")
    (day / "Thumbs.db").write_bytes(b"")
    (day / ".part-0123456789abcdef").write_bytes(bytes(1000))
    (day / f"{IVANOV}.wav.bak").write_bytes(b"")
    (day / f"{STREAM}.chain").write_bytes(b"")
    (day / f"{IVANOV}_дубль_2.wav").mkdir()
    (day / f"{IVANOV}_дубль_3.wav").symlink_to(f"{IVANOV}.wav")
    os.mkfifo(day / "11.02.2026_265_701020_проба_01.wav")
    (day / "11.02.2026_265_701020_.wav").write_bytes(bytes(100))
    os.close(os.open(os.fsencode(day) + b"/\xff\xfe.wav", os.O_CREAT | os.O_WRONLY))
    seen = states(day)
    foreign = {file for file, (what, _) in seen.items() if what is What.FOREIGN}
    assert foreign == {
        "REC0001.WAV", "Thumbs.db", f"{IVANOV}_дубль_2.wav", f"{IVANOV}_дубль_3.wav", "\udcff\udcfe.wav",
        "11.02.2026_265_701020_проба_01.wav", "11.02.2026_265_701020_.wav",
    }  # fmt: skip
    assert seen[".part-0123456789abcdef"][0] is What.TEMPORARY
    assert seen[f"{IVANOV}.wav.bak"][0] is seen[f"{STREAM}.chain"][0] is What.COMPANION
    assert len(seen) == len(list(day.iterdir()))


def test_names_that_a_mac_decomposed_are_still_ours(day: Path) -> None:
    stem = "11.02.2026_265_701020_Йолкина Ё"
    for suffix in (".wav", ".mp3"):
        (day / f"{IVANOV}{suffix}").rename(day / unicodedata.normalize("NFD", stem + suffix))
    seen = find(day, unicodedata.normalize("NFD", f"{stem}.wav"))
    assert (seen.what, seen.state, seen.name) == (What.TAKE, State.WHOLE, names.parse(stem))
    assert free_name(names.parse(stem), [day]).number == 2


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"\0" * 900, b'{"schema": 1}', b"[" * 100_000])
def test_a_manifest_that_is_none(day: Path, content: bytes) -> None:
    (day / f"{IVANOV}.json").write_bytes(content)
    seen = find(day, f"{IVANOV}.json")
    assert (seen.what, seen.state, seen.name) == (What.MANIFEST, State.BROKEN, names.parse(IVANOV))
    assert f"{IVANOV}.json" in seen.text


def test_a_manifest_cut_anywhere(day: Path) -> None:
    path = day / f"{IVANOV}.json"
    whole = path.read_bytes()
    for end in range(0, len(whole) - 2, 41):
        path.write_bytes(whole[:end])
        assert find(day, path.name).state is State.BROKEN


def test_a_manifest_of_another_file(day: Path) -> None:
    shutil.copy(day / f"{PETROVA}.json", day / f"{IVANOV}.json")
    assert (find(day, f"{IVANOV}.json").state, PETROVA in find(day, f"{IVANOV}.json").text) == (State.BROKEN, True)


def test_a_journal_torn_broken_or_empty(day: Path) -> None:
    path = day / journals.FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert find(day, path.name).state is State.TORN
    lines = whole.split(b"\n")
    path.write_bytes(b"\n".join([*lines[:3], b"rubbish", *lines[5:]]))
    assert (find(day, path.name).state, find(day, path.name).text) == (
        State.BROKEN,
        "строка 4: события 4–5 пропали",
    )
    path.write_bytes(b"")
    assert find(day, path.name).state is State.EMPTY


def test_a_folder_that_is_not_there_is_no_folder_or_is_read_only(day: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "none", day / journals.FILE):
        with pytest.raises(Rejected, match="не читается"):
            survey(path)
    assert survey(tmp_path / day.name) == survey(day)
    day.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert len(survey(day)) == 12
    day.chmod(0o750)


# -- masters whose header is gone --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(HEADER_BYTES + 1))
def test_a_master_cut_within_its_header_holds_no_sound(day: Path, size: int) -> None:
    path = day / f"{IVANOV}.wav"
    os.truncate(path, size)
    seen = find(day, path.name)
    assert (seen.what, seen.state, seen.frames) == (What.TAKE, State.EMPTY, 0)
    with pytest.raises(Rejected, match="нет звука"):
        rescue(path, day / f"{IVANOV}_дубль_2.wav", SHAPE)
    assert not (day / f"{IVANOV}_дубль_2.wav").exists()
    assert path.stat().st_size == size
    assert not any(entry.name.startswith(".part-") for entry in day.iterdir())


def head_with(place: int, content: bytes) -> bytes:
    whole = header(SHAPE, 2000)
    return whole[:place] + content + whole[place + len(content) :]


LOST_HEADS = {
    "zeroed": bytes(HEADER_BYTES),
    "random": np.random.default_rng(4).bytes(HEADER_BYTES),
    "half": header(SHAPE, 2000)[:40] + bytes(40),
    "no data": head_with(72, bytes(4)),
    "no fmt": head_with(48, bytes(24)),
    "a rate nobody has": head_with(60, struct.pack("<I", 123_456_789)),
    "rate and byte rate disagree": head_with(60, struct.pack("<I", 44100)),
    "200 channels": head_with(58, struct.pack("<H", 200)),
    "8 bits": head_with(70, struct.pack("<H", 8)),
}


@pytest.mark.parametrize("lost", LOST_HEADS)
@pytest.mark.parametrize("odd", [0, 1])
def test_sound_without_its_header_is_rescued_under_a_new_name(day: Path, lost: str, odd: int) -> None:
    path = day / f"{IVANOV}.wav"
    data = audio_of(path)
    path.write_bytes(LOST_HEADS[lost] + data + b"\1" * odd)
    before = photograph(day)
    seen = find(day, path.name)
    assert (seen.state, seen.is_rescuable, seen.shape, seen.frames) == (State.HEADLESS, True, None, None)
    assert seen.name is not None
    target = free_name(seen.name, [day])
    assert target.stem == f"{IVANOV}_дубль_2"
    shape = shape_for(seen.name, survey(day), STEREO)
    assert rescue(path, day / f"{target.stem}.wav", shape) == len(data) // 2
    assert (day / f"{target.stem}.wav").read_bytes() == header(SHAPE, len(data)) + data
    assert {file: photograph(day)[file] for file in before} == before, "what was there stays as it was"
    assert find(day, f"{target.stem}.wav").state is State.WHOLE


@pytest.mark.parametrize("place", [4, 16, 20, 28, 76])
def test_garbage_in_a_size_only_needs_sealing(day: Path, place: int) -> None:
    path = day / f"{IVANOV}.wav"
    content = bytearray(path.read_bytes())
    content[place : place + 4] = b"\xde\xad\xbe\xef"
    path.write_bytes(content)
    seen = find(day, path.name)
    assert (seen.state, seen.shape, seen.frames) == (State.UNSEALED, SHAPE, (len(content) - HEADER_BYTES) // 2)


@pytest.mark.parametrize("how", ["wav", "flac", "ogg", "mp3", "m4a", "stereo"])
def test_another_programs_file_under_our_name_is_rescued(day: Path, tmp_path: Path, how: str) -> None:
    path = day / f"{IVANOV}.wav"
    ours = np.frombuffer(audio_of(path), "<i2")
    edited = tmp_path / f"edited.{how}"
    if how in {"wav", "stereo"}:
        soundfile.write(
            edited, np.stack([ours, ours], axis=1) if how == "stereo" else ours, RATE, "PCM_24", format="WAV"
        )
    else:
        subprocess.run(["ffmpeg", "-v", "error", "-i", path, edited], check=True)
    path.write_bytes(edited.read_bytes())
    seen = find(day, path.name)
    assert (seen.what, seen.state, seen.is_rescuable) == (What.TAKE, State.OTHER_FORM, True)
    target = day / f"{IVANOV}_дубль_2.wav"
    frames = rescue(path, target, STEREO)
    with TapeReader(target) as reader:
        assert (reader.is_whole, reader.frames) == (True, frames)
    assert abs(frames / reader.shape.sample_rate - len(ours) / RATE) < 0.1
    if how in {"wav", "flac"}:
        assert audio_of(target) == ours.tobytes()
    assert path.read_bytes() == edited.read_bytes()


def test_a_name_that_exists_is_never_written_over(day: Path) -> None:
    path = day / f"{IVANOV}.wav"
    path.write_bytes(bytes(HEADER_BYTES) + sound(0, 100))
    before = photograph(day)
    with pytest.raises(Rejected) as refused:
        rescue(path, day / f"{PETROVA}.wav", SHAPE)
    assert refused.value.code == "exists"
    assert photograph(day) == before


@pytest.mark.parametrize("folder", ["/sys", "/nowhere"])
def test_a_read_only_or_vanished_folder_is_told(day: Path, folder: str) -> None:
    path = day / f"{IVANOV}.wav"
    path.write_bytes(bytes(HEADER_BYTES) + sound(0, 100))
    before = photograph(day)
    with pytest.raises(OSError, match=folder):
        rescue(path, Path(folder) / f"{IVANOV}_дубль_2.wav", SHAPE)
    assert photograph(day) == before


# -- names and shapes --------------------------------------------------------------------------------------------


def test_the_next_free_name_counts_every_ending_and_both_folders(day: Path, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    name = names.parse(IVANOV)
    assert free_name(name, [mirror]) == name
    (mirror / f"{IVANOV}_дубль_2.mp3".upper()).write_bytes(b"")
    (mirror / f"{IVANOV}_дубль_3.json").mkdir()
    assert free_name(name, [day, mirror]).number == 4
    assert free_name(names.parse("11.02.2026_265_701020_Иванов"), [day]).number == 1, "another person's name"


def test_a_stream_part_takes_the_next_number(day: Path) -> None:
    assert free_name(names.parse(STREAM), [day]).stem == "11.02.2026_265_701020_поток_02"


def test_the_shape_is_the_streams_else_another_masters_else_the_configured(day: Path) -> None:
    name = names.parse(PETROVA)
    (day / f"{PETROVA}.wav").write_bytes(bytes(1000))
    (day / f"{IVANOV}.wav").write_bytes(header(STEREO, 400) + bytes(400))
    assert shape_for(name, survey(day), AudioFormat(16000, 1)) == SHAPE
    (day / f"{STREAM}.wav").write_bytes(bytes(1000))
    assert shape_for(name, survey(day), AudioFormat(16000, 1)) == STEREO
    (day / f"{IVANOV}.wav").write_bytes(bytes(1000))
    assert shape_for(name, survey(day), AudioFormat(16000, 1)) == AudioFormat(16000, 1)
    other_day = RecordingName(name.exam_date, "300", name.school, name.kind, name.label)
    assert shape_for(other_day, survey(day), AudioFormat(16000, 1)) == AudioFormat(16000, 1)
