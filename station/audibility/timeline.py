"""Who was to speak when: the steps of a test recording, or the tasks of an interview as they were marked. Pure."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from exam import manifest
from exam.audio import Mark
from station.audibility.findings import Basis

StepName = Literal["silence", "interlocutor", "participant", "introduction", "task"]


class Step(Struct, frozen=True, kw_only=True):
    """From `start_s` to `end_s` of the file. `task`: 1 to 4, of a task."""

    name: StepName
    start_s: float
    end_s: float
    task: int | None = None


class Timeline(Struct, frozen=True, kw_only=True):
    """The steps, in order, without overlap. Empty where nothing is known.

    `tasks`: those the participant was to take; of others nothing is expected.
    """

    basis: Basis
    steps: tuple[Step, ...] = ()
    tasks: tuple[int, ...] = (1, 2, 3, 4)


def of_steps(steps: Sequence[manifest.Step], sample_rate: int) -> Timeline:
    """A test recording's timeline."""
    told = (
        Step(
            name=step.step, start_s=step.first_frame / sample_rate, end_s=(step.first_frame + step.frames) / sample_rate
        )
        for step in steps
    )
    return Timeline(basis="rehearsal", steps=tuple(told))


def of_marks(marks: Sequence[Mark], frames: int, sample_rate: int, tasks: Sequence[int] = (1, 2, 3, 4)) -> Timeline:
    """An interview's timeline: the introduction until the first mark, then each task until the next mark."""
    places = sorted((mark.frame, mark.task) for mark in marks)
    if not places:
        return Timeline(basis="recording", tasks=tuple(tasks))
    ends = [frame for frame, _ in places[1:]] + [frames]
    begun = Step(name="introduction", start_s=0.0, end_s=places[0][0] / sample_rate)
    steps = [
        Step(name="task", start_s=frame / sample_rate, end_s=end / sample_rate, task=task)
        for (frame, task), end in zip(places, ends, strict=True)
    ]
    return Timeline(basis="recording", steps=(begun, *steps), tasks=tuple(tasks))
