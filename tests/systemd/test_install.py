"""What the installer lays out, seen below a folder of its own: nothing of a person's is overwritten or taken away."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from station import config

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root lays out a system"),
    pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="needs the package systemd"),
]


def script(name: str, tree: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [str(ROOT / "scripts" / name), "--root", str(tree), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def install(tree: Path, *words: str) -> None:
    done = script("install", tree, *words)
    assert done.returncode == 0, done.stderr


def files(tree: Path) -> dict[str, bytes]:
    """Everything laid out but the accounts, which systemd writes."""
    found = (path for path in tree.rglob("*") if path.is_file())
    return {
        str(path.relative_to(tree)): path.read_bytes()
        for path in found
        if path.parent != tree / "etc" or path.suffix == ".toml"
    }


def test_installing_twice_changes_nothing(tmp_path: Path) -> None:
    install(tmp_path, "265", "301")
    before = files(tmp_path)
    install(tmp_path, "265", "301")
    assert files(tmp_path) == before


def test_every_room_gets_a_configuration_that_loads_with_a_port_of_its_own(tmp_path: Path) -> None:
    install(tmp_path, "265")
    install(tmp_path, "301", "12a")
    loaded = [config.load(tmp_path / f"etc/station/{room}.toml") for room in ("265", "301", "12a")]
    assert [room.room.number for room in loaded] == ["265", "301", "12a"]
    assert [room.web.port for room in loaded] == [8265, 8266, 8267]
    assert {str(room.recordings) for room in loaded} == {"/var/lib/station/recordings"}


def test_an_edited_configuration_is_never_touched(tmp_path: Path) -> None:
    install(tmp_path, "265")
    edited = tmp_path / "etc/station/265.toml"
    edited.write_text("# нашей школы\n", encoding="utf-8")
    install(tmp_path, "265")
    assert edited.read_text(encoding="utf-8") == "# нашей школы\n"


def test_the_folders_of_an_edited_configuration_are_opened_to_its_service(tmp_path: Path) -> None:
    install(tmp_path, "265")
    edited = tmp_path / "etc/station/265.toml"
    text = edited.read_text(encoding="utf-8")
    text = text.replace('folder = "/var/lib/station/recordings"', 'folder = "/srv/Записи 100% \\"А\\""')
    edited.write_text(text.replace('second_folder = ""', 'second_folder = "/media/usb/копия"'), encoding="utf-8")
    install(tmp_path, "265")
    drop_in = (tmp_path / "etc/systemd/system/station@265.service.d/folders.conf").read_text(encoding="utf-8")
    assert 'ReadWritePaths="/srv/Записи 100%% \\"А\\""\n' in drop_in
    assert 'ReadWritePaths="-/media/usb/копия"\n' in drop_in
    assert 'RequiresMountsFor="/srv/Записи 100%% \\"А\\""\n' in drop_in
    assert drop_in.count("копия") == 1  # a second disk that is away must not keep the room from starting


def test_a_home_folder_is_refused_where_the_service_could_not_see_it(tmp_path: Path) -> None:
    install(tmp_path, "265")
    edited = tmp_path / "etc/station/265.toml"
    text = edited.read_text(encoding="utf-8")
    edited.write_text(text.replace("/var/lib/station/recordings", "/home/teacher/записи"), encoding="utf-8")
    done = script("install", tmp_path, "265")
    assert done.returncode == 1
    assert "265.toml" in done.stderr


@pytest.mark.parametrize("words", [("12а",), ("../x",), ("sync",), ("--microphone", "USB", "265"), ("--nonsense",)])
def test_wrong_use_is_said_before_anything_is_done(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = script("install", tmp_path, *words)
    assert (done.returncode, bool(done.stderr)) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_uninstalling_takes_what_was_put_and_leaves_the_rest(tmp_path: Path) -> None:
    install(tmp_path, "--microphone", "0d8c:0014", "265")
    (tmp_path / "etc/station/265.toml").write_text('[room]\n[storage]\nfolder = "/srv/записи"\n', encoding="utf-8")
    install(tmp_path, "265")
    recording = tmp_path / "var/lib/station/recordings/day/a.wav"
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b"sound")
    foreign = tmp_path / "etc/systemd/system/station@265.service.d/local.conf"
    foreign.write_text("[Service]\n", encoding="utf-8")
    done = script("uninstall", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "/srv/записи" in done.stderr
    left = set(files(tmp_path))
    configured = {f"etc/station/{name}" for name in ("265.toml", "sync.toml", "roster.csv")}
    examples = {f"etc/station/examples/{name}" for name in ("265.toml", "sync.toml", "roster.csv")}
    ours = {str(recording.relative_to(tmp_path)), str(foreign.relative_to(tmp_path))}
    assert left == configured | examples | ours
    assert script("uninstall", tmp_path).returncode == 1


def test_configurations_go_when_asked_for(tmp_path: Path) -> None:
    install(tmp_path, "265")
    assert script("uninstall", tmp_path, "--purge-config").returncode == 0
    assert not (tmp_path / "etc/station").exists()
    assert (tmp_path / "var/lib/station/recordings").is_dir()
