"""The script of a test recording: who is silent or speaks when, and what they are told. Pure.

Time is counted in frames of the recording itself. Each step begins with time to get ready: whatever is spoken then,
by a person or by the computer, is not judged.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from exam.audio import AudioFormat
from exam.language import say
from exam.manifest import Step
from station.messages import RehearsalStep

Name = Literal["silence", "interlocutor", "participant"]


class Part(Struct, frozen=True):
    """`ready_s` to get ready, then `heard_s` that are judged."""

    step: Name
    ready_s: float
    heard_s: float
    ru: str
    en: str

    @property
    def prompt(self) -> str:
        """What is shown and spoken."""
        return say(self.ru, self.en)


FULL = (
    Part(
        "silence",
        7.0,
        10.0,
        "Проба звука. Десять секунд тишины: не говорите и не двигайтесь.",
        "Sound test. Ten seconds of silence: do not speak, do not move.",
    ),
    Part(
        "interlocutor",
        8.0,
        12.0,
        "Сядьте на место собеседника и говорите вслух, пока я не попрошу.",
        "Take the interlocutor's seat and speak until I ask you.",
    ),
    Part(
        "participant",
        8.0,
        12.0,
        "Перейдите на место участника и говорите вслух, пока я не поблагодарю.",
        "Go to the participant's seat and speak until I thank you.",
    ),
)
QUICK = (
    Part("silence", 1.9, 4.5, "Тишина.", "Silence."),
    Part("interlocutor", 2.1, 5.5, "Собеседник.", "Examiner."),
    Part("participant", 2.1, 5.5, "Участник.", "Participant."),
)
"""Between two participants: everyone is in their seat."""


def parts_of(*, quick: bool) -> tuple[Part, ...]:
    return QUICK if quick else FULL


def reading() -> str:
    """What whoever has nothing to say may read aloud."""
    return say(
        "Можно читать вслух: «Я говорю обычным голосом, не тише и не громче, чем на экзамене. Микрофон стоит на столе, "
        "окно и дверь закрыты, телефон выключен. Меня слышно с этого места?»",
        "To be read aloud, for example: “I speak in my usual voice, as I shall at the exam. The microphone stands on "
        "the table, window and door are closed, the telephone is off. Am I heard from this seat?”",
    )


def thanks() -> str:
    """What is shown and spoken at the end."""
    return say("Спасибо, проба записана.", "Thank you, the test is recorded.")


def length_s(parts: Sequence[Part]) -> float:
    """Seconds of the whole."""
    return sum(part.ready_s + part.heard_s for part in parts)


def at(parts: Sequence[Part], frames: int, shape: AudioFormat) -> RehearsalStep | None:
    """What is to be done when the recording has `frames` frames; None after its end."""
    in_all = shape.seconds(shape.frames(length_s(parts)) - frames)
    for part, listening, _, end in _stretches(parts, shape):
        if frames < end:
            left = shape.seconds(end - frames)
            return RehearsalStep(part.step, listening, round(left, 2), round(in_all, 2), part.prompt)
    return None


def steps(parts: Sequence[Part], frames: int, shape: AudioFormat) -> tuple[Step, ...]:
    """The judged stretches of a recording of `frames` frames; one that was cut short is left out."""
    return tuple(
        Step(part.step, first, end - first)
        for part, listening, first, end in _stretches(parts, shape)
        if listening and end <= frames
    )


def _stretches(parts: Sequence[Part], shape: AudioFormat) -> Iterator[tuple[Part, bool, int, int]]:
    """For each part when one gets ready and when it counts: its first frame, and the first one after it."""
    first, seconds = 0, 0.0
    for part in parts:
        for listening, lasts_s in ((False, part.ready_s), (True, part.heard_s)):
            seconds += lasts_s
            end = shape.frames(seconds)
            yield part, listening, first, end
            first = end
