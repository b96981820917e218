"""Settings that changed between two runs, or that name a place which proves nothing: said, never taken for delivery."""

from pathlib import Path

import pytest
from by_hand import GIVEN, by_hand
from school import School, Target, noise

from sync.cli import main


def sync(school: School, *words: str) -> int:
    return main([*words, "--config", str(school.base / "sync.toml")])


def deliver_to(school: School, *lines: str) -> None:
    text = '[school]\ncode = "701020"\n[target]\n' + "\n".join(lines) + "\n"
    (school.base / "sync.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("place", ["recordings", "recordings/out", "link"])
def test_what_lies_among_the_recordings_was_delivered_to_nobody(
    school: School, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """There every file would be found under its own name, and read back."""
    school.record("Иванов И", noise(1000))
    (school.base / "link").symlink_to(school.recordings)
    (school.recordings / "out").mkdir()
    deliver_to(school, 'kind = "folder"', f'folder = "{place}"')
    assert sync(school, "once") == 2
    assert "target.folder" in capsys.readouterr().err
    assert not school.state.exists()


def test_after_an_exchange_a_drive_needs_another_state_folder(
    school: School, our_exchange: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    """A drive signs nothing, so the exchange's key would refuse what is read back from it for ever."""
    school.record("Иванов И", noise(1000))
    school.send_to(our_exchange)
    assert sync(school, "once") == 0
    school.record("Петров П", noise(1000, 2))
    (school.base / "drive").mkdir()
    deliver_to(school, 'kind = "folder"', 'folder = "drive"')
    capsys.readouterr()
    assert sync(school, "once") == 2
    told = capsys.readouterr().err
    assert "[state] folder" in told
    assert our_exchange.url in told
    deliver_to(school, 'kind = "folder"', 'folder = "drive"', "[state]", 'folder = "state-drive"')
    assert sync(school, "once") == 0
    assert len([path for path in (school.base / "drive").rglob("*") if path.is_file()]) == 4


def test_what_a_person_carried_lacks_nothing_when_the_rest_is_sent(
    school: School, our_exchange: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    school.record("Иванов И", noise(1000))
    by_hand(school)
    assert sync(school, "pack") == 0
    assert sync(school, "handed-over", "--all", *GIVEN) == 0
    school.record("Петров П", noise(1000, 2))
    school.send_to(our_exchange)
    capsys.readouterr()
    assert sync(school, "once") == 0
    assert "Не доставлено" not in capsys.readouterr().err
    assert sorted(school.states().values()) == ["delivered"] * 2 + ["handed_over"] * 2


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_is_none_is_named(
    school: School, tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    school.record("Иванов И", noise(1000))
    school.send_to(Target(9, tmp_path), url="https://127.0.0.1:9/files", ca_file="ca.pem")
    if content is not None:
        (school.base / "ca.pem").write_text(content)
    assert sync(school, "once") == 2
    told = capsys.readouterr().err
    assert "target.ca_file" in told
    assert "ca.pem" in told


@pytest.mark.parametrize("by_a_person", [False, True])
def test_another_school_needs_another_state_folder(
    school: School, capsys: pytest.CaptureFixture[str], by_a_person: bool
) -> None:
    """Its deliveries would be counted among the first one's, with proofs that name nobody."""
    (school.base / "drive").mkdir()
    keys = ('kind = "manual"',) if by_a_person else ('kind = "folder"', 'folder = "drive"')
    word = "pack" if by_a_person else "once"

    def settings(code: str, *more: str) -> None:
        deliver_to(school, *keys, *more)
        told = (school.base / "sync.toml").read_text(encoding="utf-8")
        (school.base / "sync.toml").write_text(told.replace("701020", code), encoding="utf-8")

    settings("701021")
    assert sync(school, word) in {0, 1}, "a wrong code that is mended before anything was sent is nothing"
    school.record("Иванов И", noise(1000))
    settings("701020")
    assert sync(school, word) == 0
    capsys.readouterr()
    school.record("Петров П", noise(1000, 2))
    settings("701022")
    assert sync(school, word) == 2
    told = capsys.readouterr().err
    assert all(word in told for word in ("school.code", "701020", "701022", "[state] folder"))
    settings("701022", "[state]", 'folder = "state-2"')
    assert sync(school, word) == 0
    settings("701020")
    assert sync(school, word) == 0
