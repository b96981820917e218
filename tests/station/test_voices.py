"""Whose voice is heard, and how well: human speech, judged by steps, marks and microphones."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from rig import interviews
from rig.p56 import active_level
from rig.people import RATE, Person

from exam.audio import AudioFormat, Gap
from station.audibility.case import Case
from station.audibility.findings import Metric, Verdict
from station.audibility.timeline import Step, Timeline
from station.audibility.verdict import judge
from station.judging import track_of

REHEARSED = Timeline(
    basis="rehearsal",
    steps=(
        Step(name="silence", start_s=0, end_s=10),
        Step(name="interlocutor", start_s=10, end_s=19),
        Step(name="participant", start_s=19, end_s=28),
    ),
)
HERE, THERE = Person("woman"), Person("man", 1.15)


def test_in_a_good_room_everything_passes() -> None:
    verdict = rehearsed(snr_db=40)
    assert verdict.grade == "pass"
    assert verdict.reasons == ()
    assert [metric.voice for metric in verdict.metrics if metric.name == "active"] == ["interlocutor", "participant"]


def test_a_participant_who_sits_too_far_is_named_with_a_place_and_what_to_do() -> None:
    verdict = rehearsed(snr_db=40, participant=0.15)
    low = only(verdict, "level", "participant")
    assert low.grade == "fail"
    assert "участника" in low.reason
    assert "ближе к участнику" in low.advice
    assert 19 <= low.places[0].start_s < low.places[0].end_s <= 28
    assert only(verdict, "level", "interlocutor").grade == "pass"
    assert only(verdict, "difference").grade == "fail"


@pytest.mark.slow
def test_a_fan_is_told_as_noise_and_as_voices_behind_noise() -> None:
    verdict = rehearsed(snr_db=12)
    assert only(verdict, "noise").grade == "fail"
    assert only(verdict, "snr", "participant").value == pytest.approx(12, abs=1)
    assert only(verdict, "snr", "participant").grade == "fail"


@pytest.mark.parametrize("voice", ["interlocutor", "participant"])
def test_in_a_test_recording_who_is_absent_is_told_by_the_steps_alone(voice: str) -> None:
    verdict = rehearsed(snr_db=40, **{voice: 0.0})
    absent = only(verdict, "active", voice)
    assert (absent.grade, absent.value) == ("fail", 0.0)
    assert absent.places[0].start_s == {"interlocutor": 10, "participant": 19}[voice]
    others = {"interlocutor", "participant"} - {voice}
    assert only(verdict, "active", *others).grade == "pass"
    assert only(verdict, "level", voice).grade == "unknown"


def test_a_muted_microphone_is_told_from_a_quiet_room() -> None:
    zeros = track_of([bytes(2 * 28 * RATE)], AudioFormat(RATE, 1))
    dead = only(judge(zeros, Case(timeline=REHEARSED)), "noise")
    assert dead.grade == "fail"
    assert "Включите микрофон" in dead.advice
    hushed = only(rehearsed(snr_db=66), "suppression")
    assert hushed.grade == "warn"
    assert "Windows" in hushed.advice
    assert "Linux" in hushed.advice


@pytest.mark.parametrize("basis", ["file", "recording"])
def test_without_marks_all_speech_is_graded_and_no_voice_is_guessed(basis: str) -> None:
    scene = interviews.talk(40, 5, "pink", 30)
    verdict = judged(scene.sound, Timeline(basis=basis))
    assert {metric.grade for metric in verdict.metrics if metric.voice} == {"unknown"}
    assert all("не определено" in metric.reason for metric in verdict.metrics if metric.voice)
    assert only(verdict, "snr").value == pytest.approx(30, abs=1)
    assert verdict.grade != "fail"


def test_two_microphones_tell_whose_voice_it_is() -> None:
    verdict = judged(beside(bleeding=0.15), Timeline(basis="recording"), ("interlocutor", "participant"))
    assert [only(verdict, "active", voice).channel for voice in ("interlocutor", "participant")] == [0, 1]
    assert only(verdict, "active", "interlocutor").grade == "pass"
    assert only(verdict, "active", "participant").grade == "pass"
    assert only(verdict, "separation").value == pytest.approx(-20 * np.log10(0.15), abs=1.5)


def test_microphones_side_by_side_part_no_voices_and_call_nobody_absent() -> None:
    verdict = judged(beside(bleeding=0.9), Timeline(basis="recording"), ("interlocutor", "participant"))
    assert only(verdict, "separation").grade == "warn"
    assert {only(verdict, "active", voice).grade for voice in ("interlocutor", "participant")} == {"unknown"}
    assert verdict.grade == "warn"


def test_a_muted_second_microphone_is_named() -> None:
    sound = beside(bleeding=0.15)
    sound[:, 1] = 0
    verdict = judged(sound, Timeline(basis="recording"), ("interlocutor", "participant"))
    assert only(verdict, "active", "participant").grade == "fail"
    assert [metric.grade for metric in verdict.metrics if metric.name == "noise"] == ["pass", "fail"]


def test_nobody_speaks_in_silence_or_in_no_sound_at_all() -> None:
    quiet = np.random.default_rng(1).normal(0, 1e-3, 20 * RATE)
    for sound in (quiet, quiet[:100], quiet[:0]):
        verdict = judged(sound, Timeline(basis="file"))
        assert verdict.speech_s == 0
        assert only(verdict, "active").grade == "fail"


@pytest.mark.parametrize(
    "absent", ["participant", *(pytest.param(absent, marks=pytest.mark.slow) for absent in ("", "interlocutor"))]
)
def test_an_interview_tells_by_its_marks_whether_one_of_the_two_is_missing(absent: str) -> None:
    scene = interviews.interview(1004, absent=absent)
    verdict = judged(scene.sound, of_steps(scene))
    grades = {voice: only(verdict, "active", voice).grade for voice in ("interlocutor", "participant")}
    assert (
        grades
        == {"interlocutor": "pass", "participant": "pass"}
        | ({"": {}, "interlocutor": {"interlocutor": "warn"}, "participant": {"participant": "fail"}}[absent])
    )
    if absent:
        missing = only(verdict, "active", absent)
        assert missing.places
        assert missing.advice
        assert only(verdict, "level", "interlocutor").grade == ("unknown" if absent == "interlocutor" else "pass")
    else:
        for voice, clean in scene.voices.items():
            assert only(verdict, "level", voice).value == pytest.approx(active_level(clean), abs=1.5)


@pytest.mark.slow
def test_a_task_that_was_not_to_be_taken_is_missed_by_nobody() -> None:
    scene = interviews.interview(1004)
    second = next(step for step in scene.steps if step[0] == "task 2")
    sound = scene.sound.copy()
    silent = slice(round(second[1] * RATE), round(second[2] * RATE))
    sound[silent] = scene.noise[silent]
    taken = of_steps(scene)
    missed = only(judged(sound, taken), "active", "participant")
    assert missed.grade == "fail"
    assert "в задании 2" in missed.reason
    assert (missed.places[0].start_s, missed.places[0].end_s) == pytest.approx(second[1:], abs=0.01)
    skipped = judged(sound, msgspec.structs.replace(taken, tasks=(1, 3, 4)))
    assert only(skipped, "active", "participant").grade == "pass"


def test_recorded_losses_are_neither_noise_nor_speech() -> None:
    scene = interviews.talk(40, 5, "pink", 30)
    sound = scene.sound.copy()
    sound[10 * RATE : 20 * RATE] = 0
    lost = (Gap(10 * RATE, 10 * RATE, "device_lost"),)
    told, untold = (judged(sound, Timeline(basis="file"), gaps=gaps) for gaps in (lost, ()))
    assert only(told, "noise").value == pytest.approx(10 * np.log10(np.mean(scene.noise**2)), abs=0.5)
    assert "цифровую тишину" in only(untold, "noise").reason


def rehearsed(snr_db: float, interlocutor: float = 1.0, participant: float = 1.0) -> Verdict:
    """A test recording with a fan behind it; the voices so many times as loud as usual."""
    random = np.random.default_rng(3)
    voices = {name: np.zeros(28 * RATE) for name in ("interlocutor", "participant")}
    for voice, start, person in zip(voices.values(), (10.5, 19.5), (HERE, THERE), strict=True):
        at = start
        while at < start + 7:
            at += interviews.say(voice, at, person, random) + 0.3
        voice[round((start + 8) * RATE) :] = 0
    voices["interlocutor"] *= interlocutor
    voices["participant"] *= participant
    scene = interviews.mixed(voices, "fan", snr_db, random, level_dbfs=-25)
    return judged(scene.sound, REHEARSED)


def beside(bleeding: float) -> "interviews.Sound":
    """A conversation in two channels; each microphone hears the other's voice `bleeding` times as loud."""
    scene = interviews.talk(60, 7, "pink", 40)
    one, other = scene.voices["interlocutor"], scene.voices["participant"]
    return np.stack([one + bleeding * other + scene.noise, other + bleeding * one + scene.noise[::-1]], axis=1)


def judged(
    sound: "interviews.Sound", timeline: Timeline, seats: Sequence[str] = (), gaps: Sequence[Gap] = ()
) -> Verdict:
    samples = interviews.samples(sound)
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    return judge(
        track_of([samples.tobytes()], AudioFormat(RATE, channels)),
        Case(timeline=timeline, seats=(*seats,), gaps=(*gaps,)),
    )


def of_steps(scene: interviews.Scene) -> Timeline:
    named = [(name.split(), start, end) for name, start, end in scene.steps]
    steps = [
        Step(name=words[0], start_s=start, end_s=end, task=int(words[1]) if len(words) > 1 else None)
        for words, start, end in named
    ]
    return Timeline(basis="recording", steps=tuple(steps))


def only(verdict: Verdict, name: str, voice: str | None = None) -> Metric:
    (metric,) = [found for found in verdict.metrics if (found.name, found.voice) == (name, voice)]
    return metric
