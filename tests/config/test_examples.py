"""The example files are what they say: readable by the programs, with every key there is and its default."""

import re
from pathlib import Path

import msgspec
import pytest
import tomli
from msgspec import Struct

from exam import names, roster
from station import config as station_config
from station.audibility.thresholds import Thresholds
from sync import config as sync_config
from sync import targets

CONFIG = Path(__file__).parents[2] / "config"
COMMENTED_KEY = re.compile(r"^# (?=\w+ = )", re.MULTILINE)


def documented(name: str) -> dict[str, set[str]]:
    """Keys by section, those shown in comments too."""
    text = COMMENTED_KEY.sub("", (CONFIG / name).read_text(encoding="utf-8"))
    return {section: set(keys) for section, keys in tomli.loads(text).items()}


def known(*sections: tuple[str, type[Struct]]) -> dict[str, set[str]]:
    return {name: set(section.__struct_fields__) for name, section in sections}


def test_every_key_of_the_station_is_shown() -> None:
    sections = (
        ("school", station_config.School),
        ("exam", station_config.Exam),
        ("room", station_config.Room),
        ("naming", station_config.Naming),
        ("capture", station_config.Capture),
        ("storage", station_config.Storage),
        ("delivery", station_config.Delivery),
        ("web", station_config.Web),
        ("controls", station_config.Controls),
        ("quality", Thresholds),
    )
    assert documented("station.toml") == known(*sections)
    assert {name for name, _ in sections} == set(station_config.Config.__struct_fields__) - {"path"}


def test_every_threshold_is_shown_with_its_default() -> None:
    text = COMMENTED_KEY.sub("", (CONFIG / "station.toml").read_text(encoding="utf-8"))
    assert tomli.loads(text)["quality"] == msgspec.to_builtins(Thresholds())


def test_every_key_of_the_delivery_is_shown() -> None:
    sections = (
        ("school", sync_config.School),
        ("watch", sync_config.Watch),
        ("target", targets.Tus),
        ("state", sync_config.State),
        ("send", sync_config.Send),
        ("notify", sync_config.Notify),
        ("papers", sync_config.Papers),
        ("retention", sync_config.Retention),
    )
    assert documented("sync.toml") == known(*sections)


@pytest.mark.parametrize("kind", targets.KINDS)
def test_every_kind_of_target_is_shown_with_its_keys(kind: str) -> None:
    text = (CONFIG / "sync.toml").read_text(encoding="utf-8")
    shown = text[text.index(f'kind = "{kind}"') :].partition("kind =")[2].partition("kind =")[0]
    assert all(re.search(rf"\b{key}\b", shown) for key in targets.KINDS[kind].__struct_fields__[1:])


def test_the_station_example_holds_the_defaults() -> None:
    config = station_config.load(CONFIG / "station.toml")
    for section in (
        config.exam,
        config.room,
        config.naming,
        config.capture,
        config.storage,
        config.delivery,
        config.web,
        config.controls.keys,
    ):
        for field in msgspec.structs.fields(section):
            if field.default is not msgspec.NODEFAULT:
                assert getattr(section, field.name) == field.default, field.name


def test_the_delivery_example_holds_the_defaults() -> None:
    config = sync_config.load(CONFIG / "sync.toml")
    assert (config.window, config.streams, config.release) == (sync_config.Window(), True, "manual")
    assert config.recordings == (CONFIG / "recordings",)


def test_the_roster_example_shows_namesakes_and_extra_time() -> None:
    people = roster.load(CONFIG / "roster.csv")
    labels = names.labels(people.values())
    assert (labels[3], labels[4]) == ("Иванов Иван", "Иванов Игорь")
    assert [person.number for person in people.values() if person.extended] == [6]


@pytest.mark.parametrize("name", ["station.toml", "sync.toml"])
def test_comments_are_for_technicians(name: str) -> None:
    """Every key is explained, in Russian."""
    for line in (CONFIG / name).read_text(encoding="utf-8").splitlines():
        if re.match(r"(# )?\w+ = ", line):
            assert re.search(r" # .*[а-я]", line), line
