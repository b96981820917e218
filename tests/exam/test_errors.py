"""Every message is written in both languages; the reader's own is the one shown."""

import pytest

from exam.errors import ConfigError, ExamError, Fatal, Rejected, Transient
from exam.language import say


def test_russian_unless_english_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Rejected("нельзя", "not so")
    monkeypatch.delenv("EXAM_LANGUAGE", raising=False)
    assert (str(error), say("да", "yes")) == ("нельзя", "да")
    monkeypatch.setenv("EXAM_LANGUAGE", "en")
    assert (str(error), say("да", "yes")) == ("not so", "yes")
    monkeypatch.setenv("EXAM_LANGUAGE", "fr")
    assert str(error) == "нельзя"
    assert (error.ru, error.en) == ("нельзя", "not so")


def test_what_is_to_be_done_is_the_class() -> None:
    assert issubclass(ConfigError, Fatal)
    classes: dict[type[ExamError], str] = {
        Transient: "transient",
        Rejected: "rejected",
        Fatal: "fatal",
        ConfigError: "config",
        ExamError: "failed",
    }
    for kind, code in classes.items():
        assert kind("а", "a").code == code
        assert kind("а", "a", code="own").code == "own"
        assert kind.code == code
    assert Transient("а", "a", retry_after=1.5).retry_after == 1.5
