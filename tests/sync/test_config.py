"""A wrong `sync.toml` is refused with file, key and what was expected, in the reader's language; exit code 2."""

from datetime import time
from pathlib import Path

import pytest

from exam.errors import ConfigError
from sync import config, targets
from sync.cli import main
from sync.schedule import Window

GOOD = """
[school]
code = "701020"
[target]
kind = "tus"
url = "https://example.org/files"
"""


@pytest.fixture
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAM_LANGUAGE", "en")


def write(folder: Path, text: str) -> Path:
    path = folder / "sync.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_relative_to_the_file(tmp_path: Path) -> None:
    told = config.load(write(tmp_path, GOOD))
    assert told.recordings == (tmp_path / "recordings",)
    assert (told.state, told.streams) == (tmp_path / "state", True)
    assert targets.secret(told.file, "token_file", None) == [""]


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (GOOD + 'colour = "red"', "target.colour", "kind, url, token_file"),
        (GOOD + "[sned]\nstreams = true", "sned", "school, target, watch"),
        (GOOD + "[send]\nstreams = 1", "send.streams", "true or false"),
        (GOOD + '[watch]\nrecordings = "x"', "watch.recordings", "a list"),
        (GOOD + "[watch]\nrecordings = [1]", "watch.recordings", "a string"),
        (GOOD + "[watch]\nrecordings = []", "watch.recordings", "at least one"),
        (GOOD.replace('"tus"', '"s3"'), "target", "bucket"),
        (GOOD.replace('"tus"', '"folder"'), "target", "folder"),
        (GOOD.replace('"tus"', '"sftp"') + 'user = "x"', "target.url", "sftp://server/folder"),
        (GOOD.replace('"tus"', '"ftp"'), "target.kind", '"tus"'),
        (GOOD + 'tier = "school"', "target.tier", '"hub", "centre", "folder"'),
        (GOOD.replace("https://example.org/files", "example.org"), "target.url", "https://server/folder"),
        (GOOD.replace("example.org", "me:secret@example.org"), "target.url", "without a name or password"),
        (GOOD.replace("example.org", "example.org:99999"), "target.url", "https://server/folder"),
        (GOOD.replace('code = "701020"', ""), "school.code", "required"),
        (GOOD.replace("701020", "70/10"), "school.code", "letters, digits"),
        (GOOD + 'server_key = "AAAA"', "target.server_key", "32 bytes"),
        (GOOD + '[send]\nwindow = "18-23"', "send.window", "18:00-23:30"),
        (GOOD + '[notify]\nwebhook = "http://localhost.example/hook"', "notify.webhook", "https://"),
        (GOOD + '[send]\nrelease = "never"', "send.release", '"auto", "manual"'),
        ('school = "x"' + GOOD.replace("[school]", "[other]"), "school", "a section"),
        ("[target", "", "not TOML"),
    ],
)
@pytest.mark.usefixtures("_english")
def test_refusals(tmp_path: Path, text: str, key: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, text)
    assert main(["status", "--config", str(path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"{path}: {key}")
    assert expected in told.err
    assert told.err.count("\n") == 1


def test_russian_is_the_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["once", "--config", str(write(tmp_path, GOOD + "tokenfile = 1"))]) == 2
    assert "target.tokenfile: неизвестный ключ; ожидается один из: kind, url" in capsys.readouterr().err


def test_a_token_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path, token = write(tmp_path, GOOD), tmp_path / "token"

    def read() -> list[str]:
        return targets.secret(path, "token_file", str(token))

    with pytest.raises(ConfigError, match="token"):
        read()
    token.write_text("word\n")
    token.chmod(0o640)
    with pytest.raises(ConfigError, match=f"chmod 600 {token}"):
        read()
    token.chmod(0o600)
    assert read() == ["word"]
    token.write_text("two words")
    with pytest.raises(ConfigError, match="token"):
        read()


def test_the_file_is_found_by_variable_then_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(config.VARIABLE, raising=False)
    write(tmp_path, GOOD)
    assert config.find(None) == Path("sync.toml")
    monkeypatch.setenv(config.VARIABLE, "/there/sync.toml")
    assert config.find(None) == Path("/there/sync.toml")
    assert config.find(Path("given.toml")) == Path("given.toml")


def test_a_missing_file_is_a_wrong_configuration(tmp_path: Path) -> None:
    assert main(["status", "--config", str(tmp_path / "none.toml")]) == 2


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (Window(time(18), time(23)), time(18), time(23)),
        (Window(time(22), time(6)), time(5, 59), time(21, 59)),
    ],
)
def test_windows(window: Window, inside: time, outside: time) -> None:
    assert window.contains(inside)
    assert not window.contains(outside)
    assert Window().contains(outside)
