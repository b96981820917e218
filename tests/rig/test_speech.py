"""The speech is real, level and the same each time; needs Debian's archive once, then its own cache."""

import numpy as np
from rig import speech
from rig.speech import Frames


def dbfs(frames: Frames) -> float:
    return float(10 * np.log10(np.mean((frames / 32768) ** 2)))


def test_two_speakers_with_minutes_of_phrases_each() -> None:
    voices = speech.voices()
    assert set(voices) == {"woman", "man"}
    for phrases in voices.values():
        assert sum(map(len, phrases)) > 300 * speech.RATE
        assert all(len(phrase) > 2 * speech.RATE for phrase in phrases)


def test_a_pseudo_speaker_says_the_same_faster() -> None:
    (phrase,) = speech.pseudo_speaker(speech.voices()["woman"][:1], 1.15)
    original = speech.voices()["woman"][0]
    assert abs(len(phrase) - len(original) / 1.15) < 1
    assert abs(dbfs(phrase) - dbfs(original)) < 0.1


def test_a_conversation_is_reproducible_level_and_never_digitally_silent() -> None:
    conversation = speech.conversation(20, seed=4)
    assert np.array_equal(conversation, speech.conversation(20, seed=4))
    assert len(conversation) == 20 * speech.RATE
    assert -28 < dbfs(conversation) < -22
    assert np.abs(conversation).max() < 32000
    assert all(chunk.any() for chunk in np.split(conversation, 2000))
