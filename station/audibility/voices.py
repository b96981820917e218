"""Whose voice is where: by the steps of a test recording, by an interview's task marks, by two microphones. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exam.language import say
from station.audibility import likeness, words
from station.audibility.findings import Place, Voice
from station.audibility.likeness import Voices, unlikeness
from station.audibility.scene import Scene, seconds
from station.audibility.speech import Mask, runs, smoothed
from station.audibility.timeline import Step
from station.audibility.track import CELL_S, FLOOR_POWER, dbfs
from station.audibility.words import Said

VOICES: tuple[Voice, ...] = ("interlocutor", "participant")
ANSWERED_ALONE = (1, 2, 3)
"""Tasks that the participant answers alone, after the interlocutor's instruction and a pause to prepare."""
SEPARATED_DB = 9.0
PREPARATION_S = 8.0
"""The first silence of this length in a task parts the instruction from the answer."""
_INSTRUCTION_S = 40.0
"""Speech without such a silence that is shorter is an instruction that nobody answered."""
_STRETCH_S = 10.0
"""The introduction or the instructions are looked at by themselves from this on: fewer words vary too much."""
_EDGE_S = 0.3
_LEANING_DB, _DOUBT_S = 3.0, 2.0
"""Speech that one microphone hears louder, though not surely enough, is in doubt; more of it than of sure speech tells
nothing of that voice."""
_DOUBTFUL_SHARE = 0.4
"""Of all speech: then the microphones tell nothing of either voice."""


class Turns(NamedTuple):
    """What is known of one voice. `speech`: the cells that are surely its, None when not determined: then `why`.

    `expected`: where it was to speak. `channel`: the microphone it is judged by. `tasks`: its speech in each task
    that it was to answer alone, in seconds, None where that is not known; `places`: where those are. `doubt`: why
    this voice seems not to be there at all, and what to do; no single microphone proves it.
    """

    speech: Mask | None
    expected: tuple[Place, ...] = ()
    channel: int | None = None
    tasks: Mapping[int, float | None] = {}
    places: Mapping[int, tuple[Place, ...]] = {}
    why: str = ""
    doubt: Said | None = None


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
    """A voice is where its microphone hears it louder than the other does, by so much that there is no doubt; where
    the microphones hardly part the voices, the marks tell."""
    found = {voice: _own(scene, voice, list(scene.seats).index(voice)) for voice in VOICES}
    if scene.timeline.steps and any(turn.speech is None for turn in found.values()):
        marked = _interviewed(scene)
        return {voice: marked[voice]._replace(channel=turn.channel) for voice, turn in found.items()}
    return found


def _own(scene: Scene, voice: Voice, channel: int) -> Turns:
    louder = lead_of(scene, channel)
    surely = scene.frames.speech & (louder >= SEPARATED_DB)
    perhaps = scene.frames.speech & (louder >= _LEANING_DB) & ~surely
    doubtful = seconds(scene.frames.speech & (np.abs(louder) < SEPARATED_DB))
    if doubtful > _DOUBTFUL_SHARE * seconds(scene.frames.speech) or seconds(perhaps) >= max(_DOUBT_S, seconds(surely)):
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
    parted = [task for task in tasks if task.after is not None]
    introduction = [step for step in scene.timeline.steps if step.name == "introduction"]
    nothing = np.zeros(scene.track.cells, np.bool_)
    greeting = np.logical_or.reduce([nothing, *(inner(scene, step) & scene.frames.speech for step in introduction)])
    asked = np.logical_or.reduce([nothing, *(task.before for task in parted if task.before is not None)])
    answered = np.logical_or.reduce([nothing, *(task.after for task in parted if task.after is not None)])
    where = tuple(place(step) for step in introduction) + _places(tasks)
    if not parted:
        return dict.fromkeys(VOICES, Turns(None, where, why=words.undivided()))
    places = {number: _places(tasks, number) for number in ANSWERED_ALONE}
    # Words of the interlocutor stand among the answers, too: without answers they would be compared with themselves.
    least = scene.thresholds.active_task_s / 2
    has_answered = any(seconds(task.after) >= least for task in parted if task.after is not None)
    return {
        "interlocutor": _asking(scene, (greeting, asked), answered, where)
        if has_answered
        else Turns(greeting | asked, where),
        "participant": Turns(answered, _places(tasks), None, _answers(scene, tasks), places),
    }


def _asking(scene: Scene, asked: tuple[Mask, Mask], answered: Mask, where: tuple[Place, ...]) -> Turns:
    """The interlocutor, if what is heard before the answers sounds unlike them: else it may be the participant."""
    said = asked[0] | asked[1]
    voices = Voices(scene)
    answer = voices.sounding(answered)
    if answer is None or seconds(said) < likeness.LEAST_S / 2:
        return Turns(said, where)
    known = [said, *(mask for mask in asked if seconds(mask) >= _STRETCH_S)]
    heard = [stretch for mask in known if (stretch := voices.sounding(mask)) is not None]
    if not heard:
        wanted = likeness.LEAST_S
        return Turns(
            None, where, why=words.same_voice(), doubt=words.hardly_heard("interlocutor", seconds(said), wanted)
        )
    most = max(unlikeness(answer, stretch) for stretch in heard)
    if most >= likeness.UNLIKE:
        return Turns(said, where)
    return Turns(None, where, why=words.same_voice(), doubt=words.only_one() if most <= likeness.ALIKE else None)


def _parted(scene: Scene, step: Step) -> _Task:
    """By the first long silence after words; by one before any word, when no other is there: then nobody asked."""
    said = scene.frames.speech & inner(scene, step)
    spoken = runs(said)
    nothing = np.zeros(scene.track.cells, np.bool_)
    if not len(spoken):
        return _Task(step, nothing, nothing)
    long = round(PREPARATION_S / CELL_S)
    pauses = np.flatnonzero(spoken[1:, 0] - spoken[:-1, 1] >= long)
    is_first_late = spoken[0, 0] - round(step.start_s / CELL_S) >= long
    is_last_early = round(step.end_s / CELL_S) - spoken[-1, 1] >= long
    if len(pauses):
        before = nothing.copy()
        before[: spoken[pauses[0], 1]] = True
        return _Task(step, said & before, said & ~before)
    if is_first_late and not is_last_early:
        return _Task(step, nothing, said)
    if is_last_early and not is_first_late and seconds(said) <= _INSTRUCTION_S:
        return _Task(step, said, nothing)
    return _Task(step, None, None)


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
