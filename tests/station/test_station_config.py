"""station.toml: whatever is wrong with it is said with the file, the key and what was expected, in both languages."""

from datetime import date
from pathlib import Path

import pytest

from exam.audio import AudioFormat
from exam.errors import ConfigError
from exam.language import VARIABLE
from station import config

GOOD = """
[school]
code = "701020"
name = "МБОУ СОШ № 1"
time_zone = "Asia/Tomsk"

[exam]
date = 2026-02-11

[room]
number = "265"

[capture]
device = "pulse"
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "station.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    told = caught.value.ru, caught.value.en
    for language, text in zip(("ru", "en"), told, strict=True):
        monkeypatch.setenv(VARIABLE, language)
        assert str(caught.value) == text
        assert str(path) in text
    assert told[0] != told[1]
    assert any("а" <= letter <= "я" for letter in told[0])
    return told


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    told = config.load(written(tmp_path, GOOD))
    assert (told.exam.date, told.exam.scheme, told.exam.recording) == (date(2026, 2, 11), 2, "both")
    assert (told.capture.shape, told.capture.pre_roll_s) == (AudioFormat(48000, 1), 5.0)
    assert (told.delivery.format, told.web.port) == ("mp3", 8265)


def test_relative_paths_are_beside_the_file(tmp_path: Path) -> None:
    told = config.load(written(tmp_path, GOOD))
    assert told.roster == tmp_path / "roster.csv"
    assert told.day_folder == tmp_path / "recordings" / "2026-02-11_265"
    told = config.load(written(tmp_path, GOOD + '[storage]\nfolder = "/srv/exam"\n'))
    assert told.day_folder == Path("/srv/exam/2026-02-11_265")


def test_a_file_saved_by_windows_is_read(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert config.load(written(tmp_path, text)).school.name == "МБОУ СОШ № 1"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("device = ", "dev1ce = ", ("capture", "dev1ce")),
        ("[capture]", "[captur]", ("captur",)),
        ('device = "pulse"', 'device = "pulse"\nrate = 1', ("capture", "rate")),
        ('device = "pulse"', "", ("capture", "device")),
        ("[exam]\ndate = 2026-02-11", "", ("exam",)),
        ('number = "265"', "number = 265", ("room", "number")),
        ("date = 2026-02-11", 'date = "tomorrow"', ("exam", "date")),
        ("date = 2026-02-11", "date = 2026-02-11\nscheme = 3", ("exam", "scheme")),
        ("date = 2026-02-11", 'date = 2026-02-11\nrecording = "all"', ("exam", "recording")),
        ('device = "pulse"', 'device = ""', ("capture", "device")),
        ('device = "pulse"', 'device = "p"\nchannels = 3', ("capture", "channels")),
        ('device = "pulse"', 'device = "p"\npre_roll_s = -1', ("capture", "pre_roll_s")),
        ('device = "pulse"', 'device = "p"\n[delivery]\nformat = "ogg"', ("delivery", "format")),
        ('device = "pulse"', 'device = "p"\n[web]\nport = 70000', ("web", "port")),
        ('time_zone = "Asia/Tomsk"', 'time_zone = "Asia/Tomks"', ("time_zone", "Asia/Tomks")),
        ('time_zone = "Asia/Tomsk"', 'time_zone = "../../etc/passwd"', ("time_zone",)),
        ('time_zone = "Asia/Tomsk"', 'time_zone = ""', ("time_zone",)),
        ('time_zone = "Asia/Tomsk"', 'time_zone = "Asia"', ("time_zone",)),
        ('number = "265"', 'number = "2/65"', ("room", "2/65")),
        ('number = "265"', 'number = ""', ("room",)),
        ('code = "701020"', 'code = "70_1020"', ("school", "70_1020")),
        ('device = "pulse"', 'device = "p"\n[storage]\nsecond_folder = "recordings"', ("second_folder",)),
        ("[capture]", "capture = 5\n[x]", ("",)),
    ],
)
def test_a_wrong_key_is_named(
    tmp_path: Path, old: str, new: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert old in GOOD
    for text in refusal(written(tmp_path, GOOD.replace(old, new)), monkeypatch):
        for word in words:
            assert word in text


def test_a_section_that_is_a_value_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'capture = "pulse"\n' + GOOD.replace('[capture]\ndevice = "pulse"\n', "")
    for told in refusal(written(tmp_path, text), monkeypatch):
        assert "capture" in told


@pytest.mark.parametrize("content", [b"room 265", b"[school\n", GOOD.encode("cp1251"), b"\x00\xff", b"a = 1\na = 2"])
def test_what_is_no_toml_is_said_to_be_none(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal(written(tmp_path, content), monkeypatch)


@pytest.mark.parametrize("name", ["missing.toml", "folder"])
def test_what_cannot_be_read_is_said_so(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    refusal(tmp_path / name, monkeypatch)


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(config.VARIABLE, raising=False)
    monkeypatch.setattr(config, "PLACES", (Path("station.toml"), tmp_path / "etc.toml"))
    with pytest.raises(ConfigError) as caught:
        config.find(None)
    assert "etc.toml" in caught.value.ru
    (tmp_path / "etc.toml").touch()
    assert config.find(None) == tmp_path / "etc.toml"
    (tmp_path / "station.toml").touch()
    assert config.find(None) == Path("station.toml")
    monkeypatch.setenv(config.VARIABLE, "by-variable.toml")
    assert config.find(None) == Path("by-variable.toml")
    assert config.find("by-option.toml") == Path("by-option.toml")
