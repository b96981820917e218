"""What is no sound, or would be more than sound, is refused in one line; nothing is left behind."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from dictated import RATE, SECONDS, cut, made

from exam.errors import Fatal, Rejected
from station import decoding, foreign
from station.foreign import import_audio


def refusal(source: Path, master: Path) -> Rejected:
    """It is refused in one line that names the file, and nothing is left behind."""
    beside = sorted(master.parent.iterdir())
    with pytest.raises(Rejected) as refused:
        import_audio(source, master)
    for text in (refused.value.ru, refused.value.en):
        assert source.name in text
        assert "\n" not in text
    assert sorted(master.parent.iterdir()) == beside
    return refused.value


CONTENTS = {
    "empty.mp3": (b"", "empty"),
    "text.mp3": ("Привет, это не звук.\n".encode() * 500, "no_audio"),
    "zeros.wav": (bytes(100_000), "no_audio"),
    "random.m4a": (np.random.default_rng(2).bytes(50_000), "no_audio"),
    "head.wav": (b"RIFF", "no_audio"),
    "rf64.wav": (b"RF64\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff", "no_audio"),
    "photo.jpg": (b"\xff\xd8\xff\xe0" + bytes(1000), "no_audio"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_no_sound_is_refused(tmp_path: Path, master: Path, name: str) -> None:
    content, code = CONTENTS[name]
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name, master).code in {code, "playlist"}


def test_a_video_without_sound(tmp_path: Path, master: Path) -> None:
    assert refusal(made(tmp_path / "a.mp4", "-f", "lavfi", "-i", "testsrc=d=1"), master).code == "no_audio"


def test_an_mp4_that_was_never_finished(tmp_path: Path, plain: Path, master: Path) -> None:
    refused = refusal(cut(made(tmp_path / "a.mp4", "-i", str(plain)), 0.7), master)
    assert (refused.code, "moov" in refused.ru) == ("damaged", True)


def test_an_encrypted_file(tmp_path: Path, plain: Path, master: Path) -> None:
    key = ("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
    source = made(tmp_path / "a.mp4", "-i", str(plain), "-encryption_scheme", "cenc-aes-ctr", *key)
    assert refusal(source, master).code == "encrypted"


def test_a_wav_of_no_frames(tmp_path: Path, master: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(0, np.int16), RATE, "PCM_16")
    assert refusal(tmp_path / "none.wav", master).code == "empty"


def test_an_m4a_of_noise_within_a_whole_frame(tmp_path: Path, plain: Path, master: Path) -> None:
    source = made(tmp_path / "a.m4a", "-i", str(plain), "-movflags", "faststart")
    content = bytearray(source.read_bytes())
    begin = content.index(b"mdat") + 4
    content[begin:] = np.random.default_rng(3).bytes(len(content) - begin)
    source.write_bytes(content)
    assert refusal(source, master).code == "damaged"


def test_longer_than_a_day(plain: Path, master: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LONGEST_S", 2)
    with pytest.raises(Rejected) as refused:
        import_audio(plain, master)
    assert refused.value.code == "too_long"
    assert list(master.parent.iterdir()) == []


def test_files_that_cannot_be_opened(tmp_path: Path, master: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp3")
    (tmp_path / "folder.mp3").mkdir()
    (tmp_path / "loop.mp3").symlink_to("loop.mp3")
    assert refusal(tmp_path / "fifo.mp3", master).code == "no_file"
    assert refusal(tmp_path / "folder.mp3", master).code == "unreadable"
    assert refusal(tmp_path / "loop.mp3", master).code == "unreadable"
    assert refusal(tmp_path / "none.mp3", master).code == "unreadable"


def test_a_recording_of_this_day_is_not_imported_into_it(plain: Path, master: Path) -> None:
    ours = master.parent / "11.02.2026_265_701020_Петрова А.mp3"
    made(ours, "-i", str(plain))
    assert refusal(ours, master).code == "ours"
    dropped = shutil.copy(plain, master.parent / "REC0001.wav")
    assert import_audio(dropped, master).frames == SECONDS * RATE


def test_a_name_that_is_taken(plain: Path, master: Path) -> None:
    master.write_bytes(b"precious")
    with pytest.raises(Rejected) as refused:
        import_audio(plain, master)
    assert (refused.value.code, master.read_bytes()) == ("exists", b"precious")
    assert list(master.parent.iterdir()) == [master]


def test_a_file_that_is_still_being_copied(plain: Path, master: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decode = foreign._decode

    def grow(*args: object) -> object:
        with plain.open("ab") as file:
            file.write(bytes(100))
        return decode(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(foreign, "_decode", grow)
    assert refusal(plain, master).code == "changed"


def test_the_running_recordings_room_is_not_taken(plain: Path, master: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        import_audio(plain, master, reserve_bytes=1 << 60)
    assert list(master.parent.iterdir()) == []


def test_without_ffmpeg(plain: Path, master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Fatal, match="установите пакет ffmpeg"):
        import_audio(plain, master)


# -- hostile -----------------------------------------------------------------------------------------------------


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{secret}\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-live:2011" mediaPresentationDuration="PT3S" minBufferTime="PT1S"><Period>'
    '<AdaptationSet mimeType="audio/mp4"><Representation id="0" codecs="mp4a.40.2" bandwidth="64000">'
    "<BaseURL>{secret}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>",
    "concat": "ffconcat version 1.0\nfile '{secret}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
    "m3u": "{secret}\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".m3u8"])
def test_a_list_of_other_files_opens_none_of_them(
    tmp_path: Path, plain: Path, master: Path, kind: str, suffix: str
) -> None:
    """HLS and DASH do open the secret when ffmpeg is asked without its white lists."""
    secret = made(tmp_path / ("secret.m4a" if kind == "dash" else "secret.ts"), "-i", str(plain), "-c:a", "aac")
    source = tmp_path / f"list{suffix}"
    source.write_text(PLAYLISTS[kind].format(secret=secret))
    if kind in {"hls", "dash"}:
        command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", f"file:{source}"]
        assert b"duration=3" in subprocess.run(command, capture_output=True, check=True).stdout
    assert refusal(source, master).code in {"playlist", "no_audio"}


@pytest.mark.parametrize(
    "name", ["-i.wav", "-y", "a:b.wav", "http:x.wav", "%d.wav", "concat:a|b.wav", "имя с «» пробелом.wav", "\udcff.wav"]
)
def test_any_name_is_only_a_name(tmp_path: Path, plain: Path, master: Path, name: str) -> None:
    source = plain.rename(tmp_path / name)
    assert import_audio(source, master).frames == SECONDS * RATE
