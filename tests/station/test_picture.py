"""The one-page picture: of any recording, everything on the page, nothing of it held whole; no display, no home."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from exam.audio import AudioFormat, Gap
from exam.errors import Rejected
from station import checking, cli
from station.audibility import page as pages
from station.audibility import picture, spectrogram
from station.audibility.analyser import Analyser
from station.audibility.case import Case
from station.audibility.findings import Grade, Metric, MetricName, Place, Verdict
from station.audibility.page import Page
from station.audibility.spectrogram import ROWS, Spectrogram, height
from station.audibility.timeline import Step, Timeline

RATE = 16000
NOTHING_KNOWN = Case(timeline=Timeline(basis="file"))
NAMES: tuple[MetricName, ...] = ("noise", "snr", "level", "difference", "active", "clipping", "dropouts", "hum",
                                 "transients", "bandwidth", "dc", "rate", "separation", "suppression")  # fmt: skip


def sound(seconds: float, channels: int = 1, rate: int = RATE) -> NDArray[np.int16]:
    random = np.random.default_rng(1)
    loud = np.abs(np.sin(np.arange(round(seconds * rate)) / rate * 3))[:, None]
    return (random.normal(0, 3000, (round(seconds * rate), channels)) * loud).astype(np.int16)


def bad(name: MetricName, grade: Grade = "fail", times: int = 1) -> Metric:
    return Metric(name=name, grade=grade, value=-12.5, unit="dBFS", voice="interlocutor",
                  reason=f"Случилось то, чего ({name}) не должно быть ни в какой записи. " * times,
                  advice="Сделайте же с этим что-нибудь.", places=(Place(0.5, 1.0), Place(1.2, 1.3)))  # fmt: skip


def page(heard: NDArray[np.int16], *metrics: Metric, rate: int = RATE, case: Case = NOTHING_KNOWN) -> Page:
    shape = AudioFormat(rate, heard.shape[1])
    analyser, drawn = Analyser(shape), Spectrogram(rate)
    analyser.feed(heard)
    drawn.feed(heard)
    verdict = Verdict(basis="file", grade="warn", seconds=len(heard) / rate, speech_s=0.0, metrics=metrics)
    track = analyser.track()
    return Page("Иванов И.wav", "№ 7", verdict, case, track, drawn, pages.voices_of(track, case))


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Page], list[Text]]:
    """Draws a page; every text on it, once it is certain that all of them are within the page."""
    figures: list[Figure] = []
    fill = picture._fill
    monkeypatch.setattr(picture, "_fill", lambda figure, shown: (figures.append(figure), fill(figure, shown)))

    def drawn(shown: Page) -> list[Text]:
        picture.draw(shown, "png")
        found = [text for text in figures[-1].findobj(Text) if isinstance(text, Text) and text.get_text()]
        outer = figures[-1].bbox
        for text in (text for text in found if text.get_visible() and text.axes is None):
            box = text.get_window_extent()
            assert (box.x0 >= 0, box.x1 <= outer.x1, box.y0 >= 0, box.y1 <= outer.y1) == (True,) * 4, text.get_text()
        return found

    return drawn


def test_it_is_of_the_size_that_was_promised() -> None:
    drawn = picture.draw(page(sound(3.0)), "png")
    assert matplotlib.image.imread(io.BytesIO(drawn)).shape[:2] == (720, 1280)


def test_svg_is_a_picture_too_and_always_the_same() -> None:
    first, second = (picture.draw(page(sound(3.0)), "svg") for _ in range(2))
    assert first == second
    assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own


@pytest.mark.parametrize("frames", [0, 1, 159, 160, 1600, RATE])
@pytest.mark.parametrize("channels", [1, 2])
def test_of_any_length(frames: int, channels: int) -> None:
    assert picture.draw(page(np.zeros((frames, channels), np.int16)), "png")


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_of_any_sample_rate(rate: int) -> None:
    assert picture.draw(page(sound(1.0, rate=rate), rate=rate), "png")


def test_all_of_the_verdict_is_in_words(texts: Callable[[Page], list[Text]]) -> None:
    told = [text.get_text() for text in texts(page(sound(3.0), bad("hum"), bad("snr", "warn"), bad("rate", "unknown")))]
    assert any("СОМНИТЕЛЬНО" in text and "▲" in text for text in told)
    assert {"✖ плохо", "▲ сомнительно", "? не определено", "-12,5 dBFS", "Гул электросети (собеседник)"} <= set(told)
    assert "гул сети: 50, 100, 150… Гц" in told
    assert any("00:00-00:01" in text for text in told), "where to listen"


@pytest.mark.slow
def test_too_much_to_tell_stays_on_the_page(texts: Callable[[Page], list[Text]]) -> None:
    metrics = [bad(name, times=9) for name in NAMES] * 3
    shown = page(sound(3.0), *metrics)
    shown = shown._replace(title="Длинное имя $x^2$ " * 30, subtitle="слово " * 90, remarks=["Щ" * 400])
    told = [text.get_text() for text in texts(shown)]
    assert any("полностью: station check" in text for text in told)


def test_in_english(monkeypatch: pytest.MonkeyPatch, texts: Callable[[Page], list[Text]]) -> None:
    monkeypatch.setenv("EXAM_LANGUAGE", "en")
    seats = ("participant", "interlocutor")
    case = Case(timeline=Timeline(basis="file"), seats=seats)
    shown = page(sound(3.0, 2), Metric(name="hum", grade="pass"), case=case)
    told = " ".join(text.get_text() for text in texts(shown._replace(title="a.wav")))
    assert not any("а" <= letter <= "я" for letter in told.lower())


def test_steps_gaps_and_voices_are_named(texts: Callable[[Page], list[Text]]) -> None:
    steps = (
        Step(name="introduction", start_s=0.0, end_s=1.0),
        Step(name="task", task=1, start_s=1.0, end_s=2.0),
        Step(name="task", task=2, start_s=2.0, end_s=2.1),
        Step(name="task", task=3, start_s=2.1, end_s=9.0),
    )
    gaps = (Gap(RATE, RATE // 2, "device_lost"),)
    shown = page(sound(3.0), case=Case(timeline=Timeline(basis="recording", steps=steps), gaps=gaps))
    told = {text.get_text() for text in texts(shown)}
    assert {"вступление", "задание 1", "2", "задание 3", "участник", "собеседник", "чей, неизвестно"} <= told


def test_whose_microphone_is_which(texts: Callable[[Page], list[Text]]) -> None:
    assert {"канал 1", "канал 2"} <= {text.get_text() for text in texts(page(sound(3.0, 2)))}
    case = Case(timeline=Timeline(basis="file"), seats=("participant", "interlocutor"))
    assert {"участник", "собеседник"} <= {text.get_text() for text in texts(page(sound(3.0, 2), case=case))}


# -- what it shows ------------------------------------------------------------------------------------------------


def test_voices_are_brought_to_columns() -> None:
    voices = np.zeros(300, np.int8)
    voices[100:150] = pages.PARTICIPANT
    shown = page(sound(3.0))._replace(voices=voices)
    assert pages.spoken(shown, pages.PARTICIPANT) == [(pytest.approx(1.0), pytest.approx(0.5))]
    assert pages.spoken(shown, pages.INTERLOCUTOR) == []


def test_a_clipped_moment_of_a_long_recording_is_not_lost() -> None:
    heard = np.zeros((RATE * 600, 1), np.int16)
    heard[RATE * 300 : RATE * 300 + 2] = 32767
    (at,) = pages.clipped_s(page(heard).track)
    assert at == pytest.approx(300, abs=1)


@pytest.mark.parametrize("seconds", [1, 60, 900])
def test_the_spectrogram_is_bounded_and_right(seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectrogram, "MOST_COLUMNS", 200)
    drawn = Spectrogram(RATE)
    for second in range(seconds):
        at = (np.arange(RATE) + second * RATE) / RATE
        pitch = 1000 if second < seconds / 2 else 3000
        drawn.feed((16384 * np.sin(2 * np.pi * pitch * at)).astype(np.int16)[:, None])
    levels = drawn.levels()
    assert levels.shape[0] <= 200
    assert levels.shape[1] == ROWS
    assert drawn.seconds == pytest.approx(seconds, rel=0.05, abs=0.2)
    for column, pitch in ((len(levels) // 4, 1000), (-2, 3000 if seconds > 1 else 1000)):
        row = float(height(pitch) / height(drawn.highest_hz)) * ROWS
        assert abs(int(levels[column].argmax()) - row) < 3
        assert levels[column].max() == pytest.approx(-9, abs=2)


def test_pieces_of_any_size_give_the_same_spectrogram() -> None:
    heard = sound(5.0)
    whole, parts = Spectrogram(RATE), Spectrogram(RATE)
    whole.feed(heard)
    for first in range(0, len(heard), 777):
        parts.feed(heard[first : first + 777])
    assert np.allclose(whole.levels(), parts.levels(), atol=1e-3)


# -- the command --------------------------------------------------------------------------------------------------


def test_plot_of_a_file(plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.png", "a.SVG"):
        assert cli.main(["check", str(plain), "--plot", str(tmp_path / name)]) == 0
        assert (tmp_path / name).stat().st_size > 10_000
    assert capsys.readouterr().err == ""


def test_nothing_is_overwritten_and_it_is_known_at_once(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"precious")
    (tmp_path / "link.svg").symlink_to("nowhere")
    for place in (tmp_path / "a.png", tmp_path / "link.svg", tmp_path / "none" / "a.png"):
        with pytest.raises(Rejected) as refused:
            checking.check(plain, checking.Room(), pytest.fail, place)
        assert str(place.parent) in refused.value.ru
    assert (tmp_path / "a.png").read_bytes() == b"precious"


def test_a_file_that_cannot_be_judged_leaves_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound")
    assert cli.main(["check", str(tmp_path / "a.wav"), "--plot", str(tmp_path / "a.png")]) == 1
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize("words", [["a.wav", "--plot", "a.gif"], ["a.wav", "b.wav", "--plot", "a.png"], []])
def test_wrong_use(words: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["check", *words])
    assert left.value.code == 2


def test_a_user_without_a_home_draws_without_a_word(plain: Path, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": "/proc/nowhere", "CACHE_DIRECTORY": str(tmp_path / "cache")}
    (tmp_path / "cache").mkdir()
    command = [sys.executable, "-m", "station.cli", "check", str(plain), "--plot"]
    for kept in (True, False):
        if not kept:
            del environment["CACHE_DIRECTORY"]
        done = subprocess.run(
            [*command, str(tmp_path / f"{kept}.png")], env=environment, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
    assert list((tmp_path / "cache" / "matplotlib").iterdir()), "the list of fonts is made once"
