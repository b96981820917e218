"""Whose voice is where: by the steps of a test recording, by an interview's task marks, by two microphones. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exam.language import say
from station.audibility import words
from station.audibility.findings import Place, Voice
from station.audibility.scene import Scene, seconds
from station.audibility.speech import Mask, runs, smoothed
from station.audibility.timeline import Step
from station.audibility.track import CELL_S, FLOOR_POWER, dbfs

VOICES: tuple[Voice, ...] = ("interlocutor", "participant")
ANSWERED_ALONE = (1, 2, 3)
"""Tasks that the participant answers alone, after the interlocutor's instruction and a pause to prepare."""
SEPARATED_DB = 9.0
PREPARATION_S = 8.0
"""The first silence of this length in a task parts the instruction from the answer."""
_INSTRUCTION_S = 40.0
"""Speech without such a silence that is shorter is an instruction that nobody answered."""
_EDGE_S = 0.3
_LEANING_DB, _DOUBT_S = 3.0, 2.0
"""Speech that one microphone hears louder, though not surely enough, is in doubt; so much of it tells nothing."""


class Turns(NamedTuple):
    """What is known of one voice. `speech`: the cells that are surely its, None when not determined: then `why`.

    `expected`: where it was to speak. `channel`: the microphone it is judged by. `tasks`: its speech in each task
    that it was to answer alone, in seconds, None where that is not known; `places`: where those are.
    """

    speech: Mask | None
    expected: tuple[Place, ...] = ()
    channel: int | None = None
    tasks: Mapping[int, float | None] = {}
    places: Mapping[int, tuple[Place, ...]] = {}
    why: str = ""


def turns_of(scene: Scene) -> dict[Voice, Turns]:
    """For each voice that was to be heard."""
    if scene.timeline.basis == "rehearsal":
        return {voice: _rehearsed(scene, voice) for voice in VOICES if _steps(scene, voice)}
    if has_seats(scene):
        return _seated(scene)
    if not scene.timeline.steps:
        return _unknown(scene)
    return _interviewed(scene)


def has_seats(scene: Scene) -> bool:
    return sorted(scene.seats) == sorted(VOICES) and scene.track.shape.channels == len(VOICES)


def inner(scene: Scene, step: Step) -> Mask:
    """A step without its edges, where words of the step beside it may be."""
    return scene.within(step.start_s + _EDGE_S, step.end_s - _EDGE_S)


def place(step: Step) -> Place:
    return Place(round(step.start_s, 2), round(step.end_s, 2))


def _steps(scene: Scene, name: str) -> list[Step]:
    return [step for step in scene.timeline.steps if step.name == name]


def _rehearsed(scene: Scene, voice: Voice) -> Turns:
    steps = _steps(scene, voice)
    said = np.zeros(scene.track.cells, np.bool_)
    for step in steps:
        said |= inner(scene, step) & scene.frames.speech
    channel = list(scene.seats).index(voice) if has_seats(scene) else None
    return Turns(said, tuple(place(step) for step in steps), channel)


def _seated(scene: Scene) -> dict[Voice, Turns]:
    """A voice is where its microphone hears it louder than the other does, by so much that there is no doubt."""
    return {voice: _own(scene, voice, list(scene.seats).index(voice)) for voice in VOICES}


def _own(scene: Scene, voice: Voice, channel: int) -> Turns:
    louder = lead_of(scene, channel)
    surely = scene.frames.speech & (louder >= SEPARATED_DB)
    perhaps = scene.frames.speech & (louder >= _LEANING_DB) & ~surely
    if seconds(perhaps) >= max(_DOUBT_S, seconds(surely)):
        return Turns(None, (), channel, why=say(
            f"не определено: микрофоны плохо отделяют голос {words.of(voice)}",
            f"not determined: the microphones hardly part the voice of {words.of(voice)} from the other",
        ))  # fmt: skip
    tasks = [(step.task, inner(scene, step)) for step in scene.timeline.steps if step.task in scene.timeline.tasks]
    alone = [(task, here) for task, here in tasks if task in ANSWERED_ALONE] if voice == "participant" else []
    spoken: dict[int, float | None] = {}
    for task, here in alone:
        spoken[task] = (spoken.get(task) or 0.0) + seconds(surely & here)
    places = {step.task: (place(step),) for step in scene.timeline.steps if step.task}
    whole = (Place(0.0, round(scene.track.seconds, 2)),)
    return Turns(surely, whole, channel, spoken, places)


def lead_of(scene: Scene, channel: int) -> NDArray[np.float64]:
    """By how many dB this microphone hears what it hears louder than the other, for each cell; noise is no voice."""
    own, other = (_voiced(scene, number) for number in (channel, 1 - channel))
    return dbfs(own) - dbfs(other)


def _voiced(scene: Scene, channel: int) -> NDArray[np.float32]:
    """Smoothed mean squares, not below the noise of this microphone."""
    power = scene.track.power[:, channel]
    noise = float(power[scene.frames.noise].mean()) if scene.frames.noise.any() else 0.0
    voiced: NDArray[np.float32] = np.maximum(
        smoothed(power) - np.float32(noise), np.float32(max(noise / 4, FLOOR_POWER))
    )
    return voiced


def _unknown(scene: Scene) -> dict[Voice, Turns]:
    why = (
        say("не определено: какому голосу что принадлежит, из одного файла не узнать", "a file alone does not tell")
        if scene.timeline.basis == "file"
        else say("не определено: нет отметок заданий", "not determined: no task marks")
    )
    return {voice: Turns(None, why=why) for voice in VOICES}


class _Task(NamedTuple):
    """One task answered alone: what was said before the preparation, and after; None when they cannot be parted."""

    step: Step
    before: Mask | None
    after: Mask | None


def _interviewed(scene: Scene) -> dict[Voice, Turns]:
    tasks = [_parted(scene, step) for step in scene.timeline.steps if step.task in ANSWERED_ALONE]
    introduction = [step for step in scene.timeline.steps if step.name == "introduction"]
    asked, answered = (np.zeros(scene.track.cells, np.bool_) for _ in range(2))
    for step in introduction:
        asked |= inner(scene, step) & scene.frames.speech
    for task in tasks:
        if task.before is not None and task.after is not None:
            asked |= task.before
            answered |= task.after
    return {
        "interlocutor": Turns(asked, tuple(place(step) for step in introduction) or _places(tasks)),
        "participant": Turns(
            answered, _places(tasks), None, _answers(scene, tasks), {n: _places(tasks, n) for n in ANSWERED_ALONE}
        ),
    }


def _parted(scene: Scene, step: Step) -> _Task:
    here = inner(scene, step)
    spoken = runs(scene.frames.speech & here)
    nothing = np.zeros(scene.track.cells, np.bool_)
    if not len(spoken):
        return _Task(step, nothing, nothing)
    ends = np.append(spoken[1:, 0], round(step.end_s / CELL_S))
    pauses = np.flatnonzero(ends - spoken[:, 1] >= round(PREPARATION_S / CELL_S))
    said = scene.frames.speech & here
    if not len(pauses) or (pauses[0] == len(spoken) - 1 and np.count_nonzero(said) * CELL_S > _INSTRUCTION_S):
        return _Task(step, None, None)
    before = nothing.copy()
    before[: spoken[pauses[0], 1]] = True
    return _Task(step, said & before, said & ~before)


def _answers(scene: Scene, tasks: list[_Task]) -> dict[int, float | None]:
    """Seconds of answer in each task that was to be taken and is marked."""
    found: dict[int, float | None] = {}
    for task in tasks:
        number = task.step.task
        if number is None or number not in scene.timeline.tasks:
            continue
        so_far = found.get(number, 0.0)
        found[number] = None if task.after is None or so_far is None else so_far + seconds(task.after)
    return found


def _places(tasks: list[_Task], number: int | None = None) -> tuple[Place, ...]:
    return tuple(place(task.step) for task in tasks if number in (None, task.step.task))
