"""What a finished recording is, as a JSON file published last: a recording counts only once its manifest exists.

Fields are added, never renamed; readers pass over fields they do not know.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from exam import durable
from exam.audio import AudioFormat, FrameSpan, Gap, Mark
from exam.errors import Rejected
from exam.language import say
from exam.names import Kind
from exam.roster import Participant

SCHEMA = 1
SUFFIX = ".json"

Source = Literal["microphone", "dictaphone", "conference", "other_pc"]
Decision = Literal["accepted", "rejected", "unreviewed", "interrupted", "early_end", "removed"]
"""How a take left its review; the last two when the participant's outcome ended it."""
_DECISION_WORDS: dict[Decision, tuple[str, str]] = {
    "accepted": ("принята", "accepted"),
    "rejected": ("отклонена", "rejected"),
    "unreviewed": ("не прослушана", "unreviewed"),
    "interrupted": ("прервалась", "interrupted"),
    "early_end": ("завершил досрочно", "ended early"),
    "removed": ("удалён", "removed"),
}
Listened = float | Literal["declined"] | None
"""Seconds of the recording the participant listened to; `declined` when offered and refused."""
Opinion = Literal["well", "badly", "declined"]
"""What the participant said after listening, or that they would not listen."""


class Person(Struct, frozen=True):
    """The participant as the roster named them when the recording was made."""

    number: int
    surname: str
    first_name: str
    patronymic: str = ""
    class_name: str = field(name="class", default="")

    @classmethod
    def of(cls, participant: Participant) -> "Person":
        return cls(
            participant.number,
            participant.surname,
            participant.first_name,
            participant.patronymic,
            participant.class_name,
        )

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.surname, self.first_name, self.patronymic) if part)


class Audio(Struct, frozen=True):
    """The master: 16-bit PCM in a WAV or RF64 file beside the manifest."""

    file: str
    format: str
    sample_rate: int
    channels: int
    frames: int

    @property
    def shape(self) -> AudioFormat:
        return AudioFormat(self.sample_rate, self.channels)


class Delivery(Struct, frozen=True):
    """An encoded copy of the master. `frames` at the master's rate, codec padding left out of account."""

    file: str
    format: str
    frames: int
    size: int
    sha256: str
    encoder: str


class Chain(Struct, frozen=True):
    """The stream's hash chain: `blocks` links, each over `block_s` seconds but the last; the head of the whole."""

    block_s: int
    blocks: int
    head: str


class Step(Struct, frozen=True):
    """A step of a test recording: what was to be heard in `frames` frames from `first_frame` on."""

    step: Literal["silence", "interlocutor", "participant"]
    first_frame: int
    frames: int


class Manifest(Struct, frozen=True, kw_only=True):
    """One finished recording. `spans` are frames of stream files, `gaps`, `marks` and `steps` frames of this file.

    `size` (bytes) and `sha256` are of the master alone. `replaces` is the stem this recording supersedes.
    `seats`: of two microphones, whose each is, in the order of channels. `drift_ppm`, of a stream: how much faster the
    device's clock ran than the computer's, in millionths, if known.
    """

    schema: int = SCHEMA
    kind: Kind
    exam_date: date
    room: str
    school: str
    station: str
    source: Source = "microphone"
    participant: Person | None = None
    take: int | None = None
    variant: str | None = None
    started_at: datetime
    ended_at: datetime
    audio: Audio
    spans: tuple[FrameSpan, ...] = ()
    gaps: tuple[Gap, ...] = ()
    marks: tuple[Mark, ...] = ()
    steps: tuple[Step, ...] = ()
    outcome: Decision | None = None
    listened: Listened = None
    opinion: Opinion | None = None
    verdict: dict[str, Any] | None = None
    seats: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    replaces: str | None = None
    chain: Chain | None = None
    drift_ppm: float | None = None
    size: int
    sha256: str
    deliveries: tuple[Delivery, ...] = ()

    @property
    def stem(self) -> str:
        """The name shared by the master, its deliveries and the manifest."""
        return self.audio.file.removesuffix(".wav")


def decision_words(decision: Decision) -> str:
    """What became of a take, as papers say it."""
    return say(*_DECISION_WORDS[decision])


def publish(manifest: Manifest, folder: Path) -> Path:
    """Publish the manifest beside its recording. FileExistsError when one is there."""
    path = folder / (manifest.stem + SUFFIX)
    durable.publish(path, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return path


def load(path: Path) -> Manifest:
    """Read a manifest. Raises Rejected with file and key when it is not one, OSError as the disk does."""
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(
            f"Описание записи {path.name} испорчено: {error}. Запись цела, описание нужно восстановить.",
            f"Manifest {path.name} is broken: {error}. The recording is untouched; restore the manifest.",
            code="bad_manifest",
        ) from error
    _check(manifest, path)
    return manifest


def is_torn(path: Path) -> bool:
    """Whether the file is no JSON at all: nobody's work, but a disk's. Raises OSError as that does."""
    try:
        msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return False


def stem_of(path: Path) -> str:
    """The stem of a manifest's path; stems contain dots, so only the known suffix is cut."""
    return path.name.removesuffix(SUFFIX)


def _check(manifest: Manifest, path: Path) -> None:
    """What a hostile or hand-edited manifest could do: speak of another schema, or of files elsewhere."""
    if manifest.schema != SCHEMA:
        raise Rejected(
            f"Описание записи {path.name}: версия {manifest.schema}, эта программа знает {SCHEMA}. Обновите её.",
            f"Manifest {path.name}: schema {manifest.schema}, this program knows {SCHEMA}. Update it.",
            code="bad_manifest",
        )
    for name in (manifest.audio.file, *(delivery.file for delivery in manifest.deliveries)):
        if "/" in name or "\\" in name or "\0" in name or name in {"", ".", ".."}:
            raise Rejected(
                f"Описание записи {path.name}: имя файла «{name}» указывает в другую папку.",
                f"Manifest {path.name}: file name “{name}” points elsewhere.",
                code="bad_manifest",
            )
