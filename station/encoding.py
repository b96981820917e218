"""Encoded copies of a finished master: FLAC, MP3, AAC; read and written block by block, whatever the length.

Below the recorder. The daemon runs it as a child process of low priority, `python -m station.encoding MASTER
TARGET FORMAT [mixed]`, which prints the Delivery as JSON: a codec that crashes or hogs the machine touches no tape.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import BinaryIO, Literal, cast

import lameenc
import msgspec
import numpy as np
import soundfile
from pydub import utils as pydub_utils

from exam import durable
from exam.errors import ExamError, Rejected
from exam.fixity import sha256_of
from exam.manifest import Delivery

EncodedFormat = Literal["flac", "mp3", "m4a"]
"""What a master can be encoded to. WAV is not among them: there the master itself is delivered."""

KBIT_PER_CHANNEL = 64
"""MP3 and AAC: constant, transparent for speech, 29 MB an hour and channel."""
LAME_QUALITY = 5
"""LAME's scale, 0 best to 9 fastest; 5 is twice as fast as 2, and at this rate speech sounds the same."""
LENGTH_TOLERANCE_S = 0.1
"""MP3 begins with the coder's delay and ends on a full frame, 48 ms together at 48 kHz."""

_BLOCK_FRAMES = 1 << 16
_MPEG1_RATES = (32000, 44100, 48000)
_NICENESS = 10


def encode(master: Path, target: Path, into: EncodedFormat, *, is_mixed: bool = False) -> Delivery:
    """Encode a finished 16-bit WAV or RF64 file and publish the result, durable and measured, as `target`.

    `is_mixed`: all its channels go into one. A target that already holds these very bytes is taken as it is: an
    earlier try got so far. Raises Rejected when the master cannot be read, the target is another file, the encoder
    fails or the result has another length; OSError as the disk does. Nothing unfinished is left behind, nothing is
    overwritten.
    """
    temporary = durable.temporary_in(target.parent)
    try:
        with _opened(master) as source:
            frames, seconds = source.frames, source.frames / source.samplerate
            encoder = _ENCODERS[into](_Sound(source, is_mixed=is_mixed), master, temporary)
        _check_length(temporary, into, seconds)
        _sync(temporary)
        delivery = Delivery(target.name, into, frames, temporary.stat().st_size, sha256_of(temporary), encoder)
        _publish(temporary, target, delivery.sha256)
    except soundfile.LibsndfileError as error:
        raise Rejected(
            f"Копия в {into} не удалась: {error.error_string} Проверьте место на диске; запись цела.",
            f"The {into} copy failed: {error.error_string} Check the disk's space; the master is untouched.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return delivery


class _Sound:
    """A master's samples for an encoder; `is_mixed`: in one channel, the mean of all, which never overloads."""

    def __init__(self, source: soundfile.SoundFile, *, is_mixed: bool) -> None:
        self._source, self._mixes = source, is_mixed and source.channels > 1
        self.samplerate: int = source.samplerate
        self.channels: int = 1 if self._mixes else source.channels

    @property
    def mixing(self) -> list[str]:
        """The same in ffmpeg's words: its own way of mixing makes it louder."""
        if not self._mixes:
            return []
        share = 1 / self._source.channels
        return ["-af", "pan=mono|c0=" + "+".join(f"{share}*c{channel}" for channel in range(self._source.channels))]

    def blocks(self) -> Iterator[bytes]:
        """16-bit, interleaved."""
        while block := self._source.buffer_read(_BLOCK_FRAMES, "int16"):
            yield self._mixed(bytes(block)) if self._mixes else bytes(block)

    def _mixed(self, block: bytes) -> bytes:
        sound = np.frombuffer(block, np.int16).reshape(-1, self._source.channels)
        return bytes(np.rint(sound.mean(axis=1)).astype(np.int16))


def _encode_mp3(source: _Sound, _: Path, target: Path) -> str:
    lame = lameenc.Encoder()
    lame.silence()
    lame.set_channels(source.channels)
    lame.set_in_sample_rate(source.samplerate)
    # MPEG-1 rates only: every old player knows them, and the coder's delay, counted in frames, stays short.
    lame.set_out_sample_rate(source.samplerate if source.samplerate in _MPEG1_RATES else 48000)
    lame.set_bit_rate(KBIT_PER_CHANNEL * source.channels)
    lame.set_quality(LAME_QUALITY)
    with _created(target) as file:
        for block in source.blocks():
            file.write(lame.encode(block))
        file.write(lame.flush())
    return f"{_version('lameenc')}, CBR {KBIT_PER_CHANNEL * source.channels} kbit/s, q {LAME_QUALITY}"


def _encode_flac(source: _Sound, _: Path, target: Path) -> str:
    shape = source.samplerate, source.channels, "PCM_16"
    # By descriptor: through a Python file libsndfile would call back here and swallow what is raised meanwhile.
    with (
        _created(target) as file,
        soundfile.SoundFile(file.fileno(), "w", *shape, format="FLAC", closefd=False) as flac,
    ):
        for block in source.blocks():
            flac.buffer_write(block, "int16")
    return f"libsndfile {soundfile.__libsndfile_version__}"


def _encode_m4a(source: _Sound, master: Path, target: Path) -> str:
    """By ffmpeg, which reads the master itself; its index takes 12 MiB of memory for each hour."""
    kbit = KBIT_PER_CHANNEL * source.channels
    # `file:` keeps ffmpeg from taking a colon in a name for a protocol; -n never overwrites.
    command = [_ffmpeg(), "-nostdin", "-v", "error", "-n", "-i", f"file:{master.absolute()}", "-map", "0:a:0",
               *source.mixing, "-c:a", "aac", "-b:a", f"{kbit}k", "-map_metadata", "-1",
               "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "ipod", f"file:{target.absolute()}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()) or f"exit {done.returncode}"
        raise Rejected(f"ffmpeg не закодировал {master.name}: {reason}", f"ffmpeg failed on {master.name}: {reason}")
    return f"{_ffmpeg_version()}, AAC {kbit} kbit/s"


_ENCODERS: Mapping[EncodedFormat, Callable[[_Sound, Path, Path], str]] = {
    "mp3": _encode_mp3,
    "flac": _encode_flac,
    "m4a": _encode_m4a,
}
"""Each writes a whole master to a new file and tells its library, version and settings."""


def _opened(master: Path) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(master)
    except soundfile.LibsndfileError as error:
        raise Rejected(
            f"{master.name} не читается как звук: {error.error_string} Проверьте запись: station verify.",
            f"{master.name} cannot be read as audio: {error.error_string} Check it: station verify.",
            code="bad_master",
        ) from error


def _created(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640), "wb+")


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _publish(temporary: Path, target: Path, sha256: str) -> None:
    try:
        durable.move_without_replacing(temporary, target)
    except FileExistsError:
        if sha256_of(target) != sha256:
            raise Rejected(
                f"{target.name} уже есть и содержит другое; файл не тронут. Уберите его, если он лишний.",
                f"{target.name} exists and is something else; it was left alone. Move it away if it is not wanted.",
                code="exists",
            ) from None


def _check_length(encoded: Path, into: EncodedFormat, expected_s: float) -> None:
    """Ask an independent reader how long the result is."""
    length_s = _probed_length(encoded) if into == "m4a" else soundfile.info(encoded).duration
    if abs(length_s - expected_s) > LENGTH_TOLERANCE_S:
        raise Rejected(
            f"Копия в {into} длится {length_s:.2f} с вместо {expected_s:.2f} с и не сохранена; запись цела.",
            f"The {into} copy lasts {length_s:.2f} s instead of {expected_s:.2f} s and was dropped; "
            "the master is untouched.",
            code="wrong_length",
        )


def _probed_length(encoded: Path) -> float:
    try:
        return float(pydub_utils.mediainfo_json(str(encoded))["format"]["duration"])
    except (KeyError, ValueError):
        return 0.0


def _ffmpeg() -> str:
    if not (pydub_utils.which("ffmpeg") and pydub_utils.which("ffprobe")):
        raise Rejected(
            "Для m4a нужна программа ffmpeg: установите пакет ffmpeg или выберите mp3.",
            "m4a needs ffmpeg: install the package ffmpeg or choose mp3.",
            code="no_encoder",
        )
    return str(pydub_utils.get_encoder_name())


def _ffmpeg_version() -> str:
    first_line = subprocess.run([_ffmpeg(), "-version"], capture_output=True, text=True, check=False).stdout
    return " ".join(first_line.split()[:3:2])


def _version(package: str) -> str:
    return f"{package} {metadata.version(package)}"


def main(arguments: list[str]) -> int:
    """Encode as told, print the Delivery as JSON; one line on stderr and exit 1 when it cannot be done."""
    os.nice(_NICENESS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the unfinished file goes, and ffmpeg with it
    master, target, into, *rest = [*arguments, "", "", ""][: max(3, len(arguments))]
    if into not in _ENCODERS or rest not in ([], ["mixed"]):
        sys.stderr.write("python -m station.encoding MASTER TARGET flac|mp3|m4a [mixed]\n")
        return 2
    try:
        delivery = encode(Path(master), Path(target), cast(EncodedFormat, into), is_mixed=bool(rest))
    except (ExamError, OSError) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(delivery) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
