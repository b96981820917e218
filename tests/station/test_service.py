"""What keeps a room's daemon from starting is said in one error, before anything is recorded or changed."""

import errno
from pathlib import Path

import pytest
from days import IVANOV, STREAM, StillClock, config_for

from exam.errors import ConfigError, ExamError, Fatal
from station import service
from station.config import Config
from station.journal import FILE, Journal
from station.session import events as happened
from station.session.events import Event

HEADING = "№;Фамилия;Имя;Отчество\n"
HERE = {"stream": f"{STREAM}.wav", "frame": 0}
REVIEWED: list[Event] = [
    happened.DayOpened(),
    happened.StreamStarted(stream=f"{STREAM}.wav"),
    happened.TakeStarted(stem=IVANOV, participant=1, take=1, stream=f"{STREAM}.wav"),
    happened.TakeStopped(ending="operator", stream=f"{STREAM}.wav", frame=8000),
]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    # No such folder: a daemon that nothing else refuses ends there, before it records.
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "nowhere"))
    (tmp_path / "roster.csv").write_text(HEADING + "1;Иванов;Иван;\n", encoding="utf-8")
    return config_for(tmp_path)


def write_down(config: Config, *events: Event) -> bytes:
    """The journal of what happened so far."""
    config.day_folder.mkdir()
    journal = Journal(config.day_folder, StillClock())
    journal.append(events)
    journal.close()
    return (config.day_folder / FILE).read_bytes()


@pytest.mark.parametrize("changed", ["2;Иванов;Иван;", "1;Петров;Иван;"])
def test_a_roster_that_has_lost_who_was_recorded_is_refused(config: Config, changed: str) -> None:
    before = write_down(config, *REVIEWED)
    config.roster.write_text(HEADING + changed + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"№ 1 .*Иванов И") as caught:
        service.run(config)
    assert str(config.roster) in str(caught.value)
    assert (config.day_folder / FILE).read_bytes() == before


@pytest.mark.parametrize(
    "later",
    [
        [happened.TakeCancelled(stem=IVANOV)],
        [happened.TakeDecided(stem=IVANOV, decision="accepted"), happened.RecordingPublished(stem=IVANOV, sha256="0")],
    ],
)
def test_a_roster_may_lose_whose_recording_is_out_of_the_package_or_published(
    config: Config, later: list[Event]
) -> None:
    write_down(config, *REVIEWED, *later)
    config.roster.write_text(HEADING + "2;Петров;Пётр;\n", encoding="utf-8")
    with pytest.raises(Fatal, match="nowhere"):
        service.run(config)


def test_a_socket_path_longer_than_the_system_takes_is_said(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(deep))
    with pytest.raises(Fatal, match="слишком длинный"):
        service.run(config)


def test_a_disk_that_refuses_at_the_start_is_an_error_of_ours(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("station.recovery.recover", full)
    with pytest.raises(ExamError, match="нет места на диске"):
        service.run(config)
