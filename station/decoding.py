"""Sound of any kind of file, decoded block by block; the one adapter of ffmpeg's decoders.

ffmpeg decodes as a child of low priority, through a pipe: hours never lie in memory. The file is not trusted: it is
opened here and handed over as a descriptor, so that no name in it or of it opens anything else; playlists are refused.
Called by `foreign` and `checking`.
"""

import os
import select
import stat
import subprocess
import threading
from collections.abc import Generator, Iterator
from io import FileIO
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from msgspec import Struct
from pydub import utils as pydub_utils

from exam import oswords
from exam.audio import AudioFormat
from exam.errors import Fatal, Rejected
from exam.language import say
from station.ending import ending_of

LOWEST_RATE, HIGHEST_RATE = 8000, 96000
"""Frames a second a master may have; what lies outside is resampled to the nearer of these."""
MOST_CHANNELS = 2
LONGEST_S = 24 * 3600
"""Seconds: no recording of a day is longer."""
LENGTH_TOLERANCE_S = 0.5
"""What a container says of its length may differ so much from what decodes: coders pad and trim."""

_FORMATS = (
    "wav,w64,aiff,au,caf,voc,mp3,aac,ac3,flac,ape,wv,tta,amr,amrnb,amrwb,dss,ogg,asf,avi,flv,mpeg,mpegts,"
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
)
"""ffmpeg's demuxers for files that hold their own sound. A list of other files (concat, hls, dash, imf) is not one."""

_STALL_S = 120.0
_READ_BYTES = 1 << 18
_ERRORS_KEPT = 5
_RC_UNDECODABLE = 69
"""ffmpeg's exit status when more than two thirds of the packets did not decode."""
_MOSTLY_UNDECODABLE = "mostly undecodable"


class SoundTrack(Struct, frozen=True):
    """The sound in a file, as ffprobe tells it. `shape`: what it is decoded to, `channels`: how many it has.

    `stated_s`: seconds its container promises, None where it only guesses. `count`: tracks of sound in the file.
    """

    container: str
    codec: str
    shape: AudioFormat
    channels: int
    stated_s: float | None
    count: int


def refused(source: Path, ru: str, en: str, code: str) -> Rejected:
    """What is wrong with the file, as an error that names it."""
    return Rejected(f"Файл {source.name} {ru}. Он не тронут.", f"{source.name} {en}. It was left untouched.", code=code)


def opened(source: Path) -> FileIO:
    """The file, to be read. Raises Rejected unless it is a regular one that holds something."""
    try:
        # A fifo would wait for a writer for ever.
        file = FileIO(os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "r")
    except IsADirectoryError as error:
        raise refused(source, "— папка; укажите файл в ней", "is a folder; name a file in it", "unreadable") from error
    except OSError as error:
        ru, en = oswords.both(error)
        raise refused(source, f"не открывается: {ru}; проверьте имя и права", f"cannot be opened: {en}; check name "
                      "and rights", "unreadable") from error  # fmt: skip
    seen = os.fstat(file.fileno())
    if stat.S_ISREG(seen.st_mode) and seen.st_size > 0:
        return file
    file.close()
    if seen.st_size == 0 and stat.S_ISREG(seen.st_mode):
        raise refused(source, "пуст: 0 байт; скопируйте его заново", "is empty: 0 bytes; copy it again", "empty")
    raise refused(
        source, "— не обычный файл; укажите файл со звуком", "is not a regular file; name one with sound", "no_file"
    )


# -- what it is --------------------------------------------------------------------------------------------------


def _input(file: FileIO) -> list[str]:
    """ffmpeg's words for the file: by descriptor, sound formats only, neither the network nor other protocols."""
    to_the_end = ["-ignore_length", "1"] if ending_of(file.fileno()) == "open" else []
    return ["-protocol_whitelist", "file,pipe", "-format_whitelist", _FORMATS, *to_the_end,
            "-i", f"file:/proc/self/fd/{file.fileno()}"]  # fmt: skip


def probe(file: FileIO, source: Path) -> SoundTrack:
    """What sound the file holds. Raises Rejected where there is none, Fatal without ffmpeg."""
    # Not by pydub's own probe: it takes no whitelist, and a playlist would open whatever it lists.
    if not (pydub_utils.which("ffmpeg") and pydub_utils.which("ffprobe")):
        raise Fatal(
            "Для чтения звука нужна программа ffmpeg: установите пакет ffmpeg.",
            "Reading sound needs ffmpeg: install the package.",
        )
    command = [pydub_utils.get_prober_name(), "-v", "warning", "-of", "json", "-show_format", "-show_streams",
               "-select_streams", "a", "-show_packets", "-read_intervals", "%+#1", *_input(file)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, pass_fds=(file.fileno(),), timeout=_STALL_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise refused(source, "не читается: ffprobe не отвечает", "cannot be read: ffprobe is stuck", "damaged") from (
            error
        )
    said = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise _unreadable(source, said)
    return _sound_track(msgspec.json.decode(done.stdout), source, is_guess="Estimating duration from bitrate" in said)


def _unreadable(source: Path, said: str) -> Rejected:
    if "not on whitelist" in said:
        return refused(source, "— список других файлов или формат, который не читается; укажите сам файл со звуком",
                       "is a list of other files or in a format that is not read; name the file with the sound",
                       "playlist")  # fmt: skip
    if "moov atom not found" in said:
        return refused(source, "не дописан: в нём нет оглавления (moov). Скопируйте его заново; если он таков в самой "
                        "программе, восстановите его ею", "is unfinished: it has no index (moov). Copy it again, or "
                        "repair it with the program that recorded it", "damaged")  # fmt: skip
    return refused(source, "— не звук или испорчен; проверьте, тот ли это файл",
                   "is no audio or is damaged; check whether it is the right file", "no_audio")  # fmt: skip


def _sound_track(told: dict[str, Any], source: Path, *, is_guess: bool) -> SoundTrack:
    streams = told.get("streams", [])
    if not streams:
        raise refused(source, "не содержит звука", "holds no sound", "no_audio")
    sides = [side for packet in told.get("packets", []) for side in packet.get("side_data_list", [])]
    if any(side.get("side_data_type") == "Encryption info" for side in sides):
        raise refused(source, "зашифрован", "is encrypted", "encrypted")
    first, container = streams[0], told["format"]
    rate, channels = int(first.get("sample_rate", 0)), int(first.get("channels", 0))
    if rate < 1 or channels < 1:
        raise refused(source, "содержит звук, который ffmpeg не умеет читать",
                       "holds sound that ffmpeg cannot decode", "unknown_codec")  # fmt: skip
    shape = AudioFormat(min(max(rate, LOWEST_RATE), HIGHEST_RATE), min(channels, MOST_CHANNELS))
    stated = None if is_guess else first.get("duration", container.get("duration"))
    return SoundTrack(container["format_name"], first.get("codec_name", "?"), shape, channels,
                  None if stated is None else float(stated), len(streams))  # fmt: skip


# -- decoding --------------------------------------------------------------------------------------------------


def pcm(file: FileIO, sound: SoundTrack, errors: list[str]) -> Generator[bytes, None, None]:
    """The sound as 16-bit PCM, in blocks of whole frames; a generator closed early kills its ffmpeg.

    `errors` is filled with its first complaints. Raises Rejected when ffmpeg is stuck.
    """
    out = ["-map", "0:a:0", "-ac", str(sound.shape.channels), "-ar", str(sound.shape.sample_rate)]
    command = ["nice", "-n", "10", pydub_utils.get_encoder_name(), "-nostdin", "-v", "error", "-threads", "1",
               *_input(file), *out, "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(file.fileno(),)
    ) as ffmpeg:
        listener = threading.Thread(target=_listen, args=(ffmpeg.stderr, errors), daemon=True)
        listener.start()
        try:
            yield from _blocks(cast(IO[bytes], ffmpeg.stdout), sound.shape.frame_bytes)
        except BaseException:
            ffmpeg.kill()
            raise
        finally:
            listener.join()
    if ffmpeg.returncode != 0:
        errors.append(_MOSTLY_UNDECODABLE if ffmpeg.returncode == _RC_UNDECODABLE else f"exit {ffmpeg.returncode}")


def _blocks(pipe: IO[bytes], frame_bytes: int) -> Iterator[bytes]:
    """What ffmpeg decodes, in whole frames. Raises Rejected when it is stuck."""
    rest = b""
    while select.select([pipe], [], [], _STALL_S)[0]:
        read = os.read(pipe.fileno(), _READ_BYTES)
        if not read:
            return
        rest += read
        whole = len(rest) // frame_bytes * frame_bytes
        yield rest[:whole]
        rest = rest[whole:]
    raise Rejected("Звук не читается: ffmpeg не отвечает.", "The sound cannot be read: ffmpeg is stuck.", code="stuck")


def _listen(pipe: IO[bytes], errors: list[str]) -> None:
    """Read every complaint, or ffmpeg would wait; a damaged file makes millions: keep the first."""
    for line in pipe:
        if len(errors) < _ERRORS_KEPT:
            errors.append(line.decode(errors="replace").strip())


def check_length(seconds: float) -> None:
    """Raise Rejected when there is more sound than a day has."""
    if seconds > LONGEST_S:
        hours = LONGEST_S // 3600
        raise Rejected(
            f"Запись длиннее {hours} часов: это не экзамен одного дня. Вырежьте нужную часть и возьмите её.",
            f"The recording is longer than {hours} hours: not one day's exam. Cut out the part needed and take it.",
            code="too_long",
        )


def check_sound(source: Path, frames: int, errors: list[str]) -> None:
    """Raise Rejected when nothing was decoded, or next to nothing."""
    if _MOSTLY_UNDECODABLE in errors or (frames == 0 and errors):
        raise refused(source, "испорчен или зашифрован: звук из него не читается",
                       "is damaged or encrypted: its sound does not decode", "damaged")  # fmt: skip
    if frames == 0:
        raise refused(source, "не содержит ни одного отсчёта звука", "holds not a single frame of sound", "empty")


# -- what is wrong with it ---------------------------------------------------------------------------------------


def damage(file: FileIO, sound: SoundTrack, frames: int, errors: list[str]) -> Iterator[str]:
    """What is missing or spoilt, each a line; nothing where the file is whole."""
    decoded = f"{sound.shape.seconds(frames):.1f}"
    short = sound.stated_s is not None and sound.stated_s - sound.shape.seconds(frames) > LENGTH_TOLERANCE_S
    if ending_of(file.fileno()) != "whole" or short or errors:
        yield say(f"файл повреждён, прочитано {decoded} с", f"source damaged: decoded {decoded} s") + (
            say(f" из обещанных {sound.stated_s:.1f} с", f" of the {sound.stated_s:.1f} s it promises") if short else ""
        )
    if errors:
        yield say("ffmpeg сообщает: ", "ffmpeg says: ") + errors[0]


def remarks(sound: SoundTrack) -> Iterator[str]:
    """What of the file was not taken, each a line."""
    if sound.count > 1:
        yield say(f"в файле {sound.count} звуковых дорожек, взята первая",
                  f"the file has {sound.count} tracks of sound; the first was taken")  # fmt: skip
    if sound.channels > MOST_CHANNELS:
        yield say(f"каналов {sound.channels}: сведены в {MOST_CHANNELS}",
                  f"{sound.channels} channels: mixed down to {MOST_CHANNELS}")  # fmt: skip
