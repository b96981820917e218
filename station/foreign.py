"""Sound from elsewhere: a dictaphone's, a conference's or another recorder's file becomes a master of ours.

ffmpeg decodes it as a child of low priority, through a pipe, block by block: hours never lie in memory. The file is
not trusted: it is opened here and handed over as a descriptor, so that no name in it or of it opens anything else;
playlists are refused. What decodes of a damaged file is kept and said to be damaged. Called by `station import`;
cheap to interrupt: what is unfinished is removed.
"""

import errno
import os
import select
import shutil
import stat
import subprocess
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from io import FileIO
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from msgspec import Struct
from pydub import utils as pydub_utils

from exam import durable, names
from exam.audio import AudioFormat
from exam.errors import Fatal, Rejected
from exam.fixity import sha256_of
from exam.language import say
from station.ending import ending_of
from station.tape import SUFFIX, Tape, TapeReader

LOWEST_RATE, HIGHEST_RATE = 8000, 96000
"""Frames a second a master may have; what lies outside is resampled to the nearer of these."""
MOST_CHANNELS = 2
OUR_SUFFIXES = (SUFFIX, ".mp3", ".flac", ".m4a")
"""What masters and their deliveries end in."""
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


class Imported(Struct, frozen=True):
    """A master made of a foreign file. `sha256` and `size` (bytes) are the source's.

    `stated_s`: seconds its container promises, None where it only guesses. `damaged`: the source is not whole; what
    decodes of it is in the master. `warnings`: for the operator, each a line.
    """

    shape: AudioFormat
    frames: int
    sha256: str
    size: int
    container: str
    codec: str
    stated_s: float | None
    damaged: bool
    warnings: tuple[str, ...]


class _Track(Struct, frozen=True):
    """The sound in a file, as ffprobe tells it. `count`: how many tracks of sound there are."""

    container: str
    codec: str
    shape: AudioFormat
    channels: int
    stated_s: float | None
    count: int


def import_audio(source: Path, master: Path, *, reserve_bytes: int = 0) -> Imported:
    """Decode `source` into a new master at `master`, durable and whole or not there at all.

    `reserve_bytes`: what must stay free on the master's disk. Raises Rejected when there is no sound to be had from
    the source or the name is taken, Fatal without ffmpeg, OSError as the disk does. The source is only read.
    """
    with _opened(source, master) as file:
        before = os.fstat(file.fileno())
        sha256 = sha256_of(file)
        track = _probe(file, source)
        temporary = durable.temporary_in(master.parent)
        try:
            frames, errors = _decode(file, track, temporary, reserve_bytes)
            if _mark(os.fstat(file.fileno())) != _mark(before):
                raise _refused(source, "изменился во время чтения; дождитесь конца копирования",
                               "changed while it was read; wait until it is copied", "changed")  # fmt: skip
            _check_sound(source, frames, errors)
            _publish(temporary, master)
        finally:
            temporary.unlink(missing_ok=True)
        damage = tuple(_damage(file, track, frames, errors))
    warnings = (*damage, *_remarks(track))
    return Imported(track.shape, frames, sha256, before.st_size, track.container, track.codec, track.stated_s,
                    bool(damage), warnings)  # fmt: skip


def _refused(source: Path, ru: str, en: str, code: str) -> Rejected:
    return Rejected(f"Файл {source.name} {ru}. Он не тронут.", f"{source.name} {en}. It was left untouched.", code=code)


def _opened(source: Path, master: Path) -> FileIO:
    try:
        # A fifo would wait for a writer for ever.
        file = FileIO(os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "r")
    except OSError as error:
        why = error.strerror
        raise _refused(source, f"не открывается: {why}", f"cannot be opened: {why}", "unreadable") from error
    try:
        seen = os.fstat(file.fileno())
        if not stat.S_ISREG(seen.st_mode):
            raise _refused(source, "— не обычный файл", "is not a regular file", "no_file")
        if seen.st_size == 0:
            raise _refused(source, "пуст: 0 байт", "is empty: 0 bytes", "empty")
        if _is_ours(source, master):
            raise _refused(source, "— уже запись этого дня; импорт не нужен",
                           "is a recording of this day already; no import is needed", "ours")  # fmt: skip
    except BaseException:
        file.close()
        raise
    return file


def _is_ours(source: Path, master: Path) -> bool:
    """Whether the source lies in the master's folder as a recording of ours. A master that another program wrote over
    is none: it is imported, to be rescued."""
    if not source.parent.samefile(master.parent):
        return False
    suffix = next((suffix for suffix in OUR_SUFFIXES if source.name.endswith(suffix)), None)
    if suffix is None:
        return False
    try:
        names.parse(source.name.removesuffix(suffix))
        if suffix == SUFFIX:
            with TapeReader(source):
                pass
    except Rejected:
        return False
    return True


def _mark(seen: os.stat_result) -> tuple[int, int]:
    return seen.st_size, seen.st_mtime_ns


# -- what it is --------------------------------------------------------------------------------------------------


def _input(file: FileIO) -> list[str]:
    """ffmpeg's words for the file: by descriptor, sound formats only, neither the network nor other protocols."""
    to_the_end = ["-ignore_length", "1"] if ending_of(file.fileno()) == "open" else []
    return ["-protocol_whitelist", "file,pipe", "-format_whitelist", _FORMATS, *to_the_end,
            "-i", f"file:/proc/self/fd/{file.fileno()}"]  # fmt: skip


def _probe(file: FileIO, source: Path) -> _Track:
    """pydub's own probe takes no whitelist, and a playlist would open whatever it lists."""
    if not (pydub_utils.which("ffmpeg") and pydub_utils.which("ffprobe")):
        raise Fatal(
            "Для импорта нужна программа ffmpeg: установите пакет ffmpeg.", "import needs ffmpeg: install the package."
        )
    command = [pydub_utils.get_prober_name(), "-v", "warning", "-of", "json", "-show_format", "-show_streams",
               "-select_streams", "a", "-show_packets", "-read_intervals", "%+#1", *_input(file)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, pass_fds=(file.fileno(),), timeout=_STALL_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise _refused(source, "не читается: ffprobe не отвечает", "cannot be read: ffprobe is stuck", "damaged") from (
            error
        )
    said = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise _unreadable(source, said)
    return _track(msgspec.json.decode(done.stdout), source, is_guess="Estimating duration from bitrate" in said)


def _unreadable(source: Path, said: str) -> Rejected:
    if "not on whitelist" in said:
        return _refused(source, "— список других файлов или формат, который не импортируется",
                        "is a list of other files or in a format that is not imported", "playlist")  # fmt: skip
    if "moov atom not found" in said:
        return _refused(source, "не дописан: в нём нет оглавления (moov). Скопируйте его заново; если он таков в самой "
                        "программе, восстановите его ею", "is unfinished: it has no index (moov). Copy it again, or "
                        "repair it with the program that recorded it", "damaged")  # fmt: skip
    return _refused(source, "— не звук или испорчен", "is no audio or is damaged", "no_audio")


def _track(told: dict[str, Any], source: Path, *, is_guess: bool) -> _Track:
    streams = told.get("streams", [])
    if not streams:
        raise _refused(source, "не содержит звука", "holds no sound", "no_audio")
    sides = [side for packet in told.get("packets", []) for side in packet.get("side_data_list", [])]
    if any(side.get("side_data_type") == "Encryption info" for side in sides):
        raise _refused(source, "зашифрован", "is encrypted", "encrypted")
    first, container = streams[0], told["format"]
    rate, channels = int(first.get("sample_rate", 0)), int(first.get("channels", 0))
    if rate < 1 or channels < 1:
        raise _refused(source, "содержит звук, который ffmpeg не умеет читать",
                       "holds sound that ffmpeg cannot decode", "unknown_codec")  # fmt: skip
    shape = AudioFormat(min(max(rate, LOWEST_RATE), HIGHEST_RATE), min(channels, MOST_CHANNELS))
    stated = None if is_guess else first.get("duration", container.get("duration"))
    return _Track(container["format_name"], first.get("codec_name", "?"), shape, channels,
                  None if stated is None else float(stated), len(streams))  # fmt: skip


# -- decoding ----------------------------------------------------------------------------------------------------


def _decode(file: FileIO, track: _Track, target: Path, reserve_bytes: int) -> tuple[int, list[str]]:
    """Frames written, and the first complaints of ffmpeg."""
    errors: list[str] = []
    tape = Tape(target, track.shape)
    try:
        with closing(_pcm(file, track, errors)) as blocks:
            for block in blocks:
                _check_room(tape, len(block), reserve_bytes)
                tape.append(block)
    finally:
        tape.close()
    return tape.frames, errors


def _pcm(file: FileIO, track: _Track, errors: list[str]) -> Generator[bytes, None, None]:
    """The sound as 16-bit PCM; a generator closed early kills its ffmpeg."""
    out = ["-map", "0:a:0", "-ac", str(track.shape.channels), "-ar", str(track.shape.sample_rate)]
    command = ["nice", "-n", "10", pydub_utils.get_encoder_name(), "-nostdin", "-v", "error", "-threads", "1",
               *_input(file), *out, "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(file.fileno(),)
    ) as ffmpeg:
        listener = threading.Thread(target=_listen, args=(ffmpeg.stderr, errors), daemon=True)
        listener.start()
        try:
            yield from _blocks(cast(IO[bytes], ffmpeg.stdout), track.shape.frame_bytes)
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


def _check_room(tape: Tape, more_bytes: int, reserve_bytes: int) -> None:
    if tape.shape.seconds(tape.frames) > LONGEST_S:
        hours = LONGEST_S // 3600
        raise Rejected(
            f"Запись длиннее {hours} часов: это не экзамен одного дня. Вырежьте нужную часть и импортируйте её.",
            f"The recording is longer than {hours} hours: not one day's exam. Cut out the part needed and import it.",
            code="too_long",
        )
    if shutil.disk_usage(tape.path.parent).free - more_bytes < reserve_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tape.path.parent))


def _check_sound(source: Path, frames: int, errors: list[str]) -> None:
    if _MOSTLY_UNDECODABLE in errors or (frames == 0 and errors):
        raise _refused(source, "испорчен или зашифрован: звук из него не читается",
                       "is damaged or encrypted: its sound does not decode", "damaged")  # fmt: skip
    if frames == 0:
        raise _refused(source, "не содержит ни одного отсчёта звука", "holds not a single frame of sound", "empty")


def _publish(temporary: Path, master: Path) -> None:
    try:
        durable.move_without_replacing(temporary, master)
    except FileExistsError as error:
        raise Rejected(
            f"{master.name} уже есть; файл не тронут.", f"{master.name} exists; it was left alone.", code="exists"
        ) from error


# -- what is wrong with it ---------------------------------------------------------------------------------------


def _damage(file: FileIO, track: _Track, frames: int, errors: list[str]) -> Iterator[str]:
    decoded = f"{track.shape.seconds(frames):.1f}"
    short = track.stated_s is not None and track.stated_s - track.shape.seconds(frames) > LENGTH_TOLERANCE_S
    if ending_of(file.fileno()) != "whole" or short or errors:
        yield say(f"файл повреждён, прочитано {decoded} с", f"source damaged: decoded {decoded} s") + (
            say(f" из обещанных {track.stated_s:.1f} с", f" of the {track.stated_s:.1f} s it promises") if short else ""
        )
    if errors:
        yield say("ffmpeg сообщает: ", "ffmpeg says: ") + errors[0]


def _remarks(track: _Track) -> Iterator[str]:
    if track.count > 1:
        yield say(f"в файле {track.count} звуковых дорожек, взята первая",
                  f"the file has {track.count} tracks of sound; the first was taken")  # fmt: skip
    if track.channels > MOST_CHANNELS:
        yield say(f"каналов {track.channels}: сведены в {MOST_CHANNELS}",
                  f"{track.channels} channels: mixed down to {MOST_CHANNELS}")  # fmt: skip
