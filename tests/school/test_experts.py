"""Recordings to experts and back: everyone's once, even in length, nothing forgotten, nothing overwritten."""

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import pytest
from expert_school import ABSENT, BEFOREHAND, PEOPLE, ExpertSchool, tone
from hypothesis import given, settings
from hypothesis import strategies as some
from retained import killed_at
from rig.schoolday import at

from exam import copying
from exam.drive import held, opened
from sync import config
from sync.experts import overview
from sync.experts.book import Book
from sync.experts.dealing import Voice, deal
from sync.experts.player import Shown, page
from sync.experts.records import Distributed, Given, Standing, standing
from sync.school.gathering import gather

DAY = date(2026, 2, 11)
TWO = "Петрова А. А., Сидоров Б. Б."
AFTERWARDS = [one.number for one in PEOPLE if one.number not in {ABSENT, BEFOREHAND}]


@pytest.fixture
def school(tmp_path: Path) -> ExpertSchool:
    return ExpertSchool(tmp_path)


def voice(number: int, seconds: float) -> Voice:
    return Voice(number, f"take {number}", f"{number:064x}", seconds)


LENGTHS = some.lists(some.floats(30, 3000), min_size=1, max_size=60)
NAMES = some.lists(some.sampled_from(["А", "Б", "В", "Г", "Д"]), min_size=1, max_size=5, unique=True)


@given(LENGTHS, NAMES, some.integers(0, 60))
@settings(deadline=None)
def test_each_recording_goes_to_one_expert_in_even_shares_and_stays_there(
    lengths: list[float], experts: list[str], later: int
) -> None:
    voices = [voice(number, seconds) for number, seconds in enumerate(lengths, 1)]
    begun, rest = voices[later:], voices[:later]
    first = deal(begun, Standing(exam_date=DAY), experts)
    assert first == deal(reversed(begun), Standing(exam_date=DAY), experts)
    now = standing([Distributed(DAY, at(16), None, tuple(experts), tuple(first))], DAY)
    assert deal(begun, now, experts) == []
    second = deal(voices, now, experts)
    assert sorted(each.participant for each in first + second) == [each.participant for each in voices]
    assert {each.participant for each in second} == {each.participant for each in rest}
    loads = {name: sum(each.seconds for each in first if each.expert == name) for name in experts}
    assert max(loads.values()) - min(loads.values()) <= max([each.seconds for each in first], default=0) + 1


def test_a_replaced_recording_stays_with_whoever_had_the_participant() -> None:
    now = standing([Distributed(DAY, at(16), None, ("А", "Б"), (Given(1, "Б", "old", "0" * 64, 600),))], DAY)
    assert [(each.expert, each.stem) for each in deal([voice(1, 700)], now, ["А", "Б"])] == [("Б", "take 1")]


def test_overdue_is_who_still_holds_something_the_day_after(school: ExpertSchool) -> None:
    assert school.run("distribute", "--experts", TWO) == 0
    assert school.run("returned", "сидоров  б. Б.", "--participants", "all") == 0
    told = config.load(school.base / "sync.toml")
    day = gather(told)
    now = Book(told.state, DAY, lambda: at(16)).standing()
    overdue = {
        today: {one.name for one in overview.status(day, now, [], [], today).experts if one.overdue}
        for today in (date(2026, 2, 16), date(2026, 2, 17))
    }
    assert overdue == {date(2026, 2, 16): set(), date(2026, 2, 17): {"Петрова А. А."}}


def test_distributed_once_and_only_who_is_checked_afterwards(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert school.run("distribute", "--experts", TWO) == 0
    before = school.held(capsys)
    assert list(before) == ["Петрова А. А.", "Сидоров Б. Б."]
    assert sorted(before["Петрова А. А."] + before["Сидоров Б. Б."]) == AFTERWARDS
    assert school.run("distribute") == 0
    assert "Нового нет" in capsys.readouterr().out
    assert school.held(capsys) == before
    assert school.run("distribute", "--experts", "Новикова В. В.") == 0
    assert school.held(capsys) == {**before, "Новикова В. В.": []}
    status = school.status(capsys)
    assert status["due"] == status["ends"] == "2026-02-16"
    assert [(one["participant"], one["lawful"]) for one in status["not_given"]] == [(ABSENT, True)]


def test_what_is_not_here_yet_is_named_and_given_to_the_least_loaded_later(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str]
) -> None:
    (late,) = school.room.folder.glob("*Громова*.mp3")
    content = late.read_bytes()
    late.unlink()
    assert school.run("distribute", "--experts", TWO) == 0
    assert "! № 4: запись" in capsys.readouterr().out
    assert school.status(capsys)["complete"] is False
    loads = {one["name"]: one["seconds"] for one in school.status(capsys)["experts"]}
    late.write_bytes(content)
    assert school.run("distribute") == 0
    (whose,) = [name for name, held in school.held(capsys).items() if 4 in held]
    assert whose == min(loads, key=lambda name: loads[name])


def test_reassigned_returned_and_a_second_reader(school: ExpertSchool, capsys: pytest.CaptureFixture[str]) -> None:
    assert school.run("distribute", "--experts", TWO, "--second-reader", "Новикова В. В.", "--participants", "3") == 0
    held = school.held(capsys)
    assert held["Новикова В. В."] == [3]
    (first,) = [name for name in TWO.split(", ") if 3 in held[name]]
    assert school.run("distribute", "--second-reader", first, "--participants", "3") == 1
    assert "второй эксперт должен быть другим" in capsys.readouterr().err
    assert school.run("reassign", "3", "--to", "Орлов", "--reason", "родственник") == 1
    assert "--from" in capsys.readouterr().err
    assert school.run("reassign", "3", "--to", "Орлов", "--reason", "родственник", "--from", first) == 0
    assert school.run("reassign", "3", "--to", "новикова в. в.", "--reason", "x", "--from", "Орлов") == 1
    held = school.held(capsys)
    assert held["Орлов"] == [3]
    assert held["Новикова В. В."] == [3]
    assert 3 not in held[first]
    assert school.run("returned", "Орлов", "--participants", "1,3") == 1
    assert "нет записей участников № 1." in capsys.readouterr().err
    for name in school.held(capsys):
        if school.held(capsys)[name]:
            assert school.run("returned", name, "--participants", "all") == 0
    assert school.status(capsys)["complete"] is True


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("distribute",), 1, "Назовите экспертов"),
        (("distribute", "--experts", "Орлов, орлов"), 1, "назван дважды"),
        (("distribute", "--experts", "А", "--due", "2026-02-17"), 1, "п. 9.3"),
        (("distribute", "--experts", "А", "--due", "2026-02-10"), 1, "п. 9.3"),
        (("distribute", "--experts", "А", "--second-reader", "Б"), 2, "--participants"),
        (("distribute", "--experts", "А", "--second-reader", "Б", "--participants", "99"), 1, "№ 99"),
        (("reassign", "1", "--to", "Б", "--reason", "x"), 1, "никому не отдана"),
        (("returned", "Б", "--participants", "all"), 1, "ничего не отдано"),
        (("export", "Б", "."), 1, "ничего не отдано"),
        (("appeal", "--participant", "7", "--reason", "x", "--by", "y", "."), 1, "Записей участника № 7"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_noted(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, text: str
) -> None:
    assert school.run(*words) == code
    assert text in capsys.readouterr().err
    assert not (school.state / "experts.jsonl").exists()


def test_a_torn_line_stops_rather_than_gives_twice(school: ExpertSchool, capsys: pytest.CaptureFixture[str]) -> None:
    assert school.run("distribute", "--experts", TWO) == 0
    with (school.state / "experts.jsonl").open("ab") as file:
        file.write(b'{"event":"distri\n')
    assert school.run("distribute") == 1
    assert "строки 2 не читаются" in capsys.readouterr().err


def exported(school: ExpertSchool, root: Path, name: str = "Петрова А. А.") -> Path:
    root.mkdir(exist_ok=True)
    assert school.run("export", name, str(root)) == 0
    (folder,) = root.glob(f"*{name.rstrip('.')}")
    return folder


def told_in(page: Path) -> dict[str, object]:
    found = re.search(r'id="recordings">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found is not None
    return dict(json.loads(found[1]))


def test_an_export_is_proved_repeatable_and_overwrites_nothing(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert school.run("distribute", "--experts", TWO) == 0
    folder = exported(school, tmp_path / "drive")
    theirs = school.held(capsys)["Петрова А. А."]
    sounds = {path.name: path.read_bytes() for path in folder.glob("*.mp3")}
    assert len(sounds) == len(theirs)
    assert all((school.room.folder / name).read_bytes() == content for name, content in sounds.items())
    assert {path.name for path in folder.iterdir()} == {*sounds, "Прослушать.html"}
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    spoiled = next(iter(sounds))
    (folder / spoiled).write_bytes(b"somebody's own")
    (folder / ".part-0123456789abcdef").write_bytes(b"cut short")
    exported(school, tmp_path / "drive")
    assert (folder / spoiled).read_bytes() == b"somebody's own"
    digest = hashlib.sha256(sounds[spoiled]).hexdigest()[:8]
    assert (folder / spoiled.replace(".mp3", f"~{digest}.mp3")).read_bytes() == sounds[spoiled]
    assert not list(folder.glob(".part-*"))
    assert all(path.stat().st_mtime_ns == when for path, when in before.items() if path.name != spoiled)
    shown = told_in(folder / "Прослушать.html")["recordings"]
    assert all("балл" not in json.dumps(one, ensure_ascii=False) for one in shown)


def test_the_page_follows_what_is_given_and_a_page_of_somebody_else_is_kept(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert school.run("distribute", "--experts", TWO) == 0
    folder = exported(school, tmp_path / "drive")
    (moved, *_) = school.held(capsys)["Сидоров Б. Б."]
    assert school.run("reassign", str(moved), "--to", "Петрова А. А.", "--reason", "болезнь") == 0
    exported(school, tmp_path / "drive")
    shown = {one["name"] for one in told_in(folder / "Прослушать.html")["recordings"]}
    assert next(one.full_name for one in PEOPLE if one.number == moved) in shown
    assert len(list(folder.glob("*.html"))) == 1
    (folder / "Прослушать.html").write_text("foreign")
    exported(school, tmp_path / "drive")
    assert (folder / "Прослушать.html").read_text() == "foreign"
    assert len(list(folder.glob("*.html"))) == 2
    lines = (school.state / "experts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines].count("exported") == 3


def test_a_changed_recording_is_left_out_and_named(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert school.run("distribute", "--experts", "Петрова А. А.") == 0
    (spoiled,) = school.room.folder.glob("*Белова*.mp3")
    content = bytearray(spoiled.read_bytes())
    content[5] ^= 1
    spoiled.write_bytes(content)
    (tmp_path / "drive").mkdir()
    assert school.run("export", "Петрова А. А.", str(tmp_path / "drive")) == 1
    said = capsys.readouterr()
    assert "Белова" in said.out
    assert "Скопировано не всё" in said.err
    (folder,) = (tmp_path / "drive").iterdir()
    assert len(list(folder.glob("*.mp3"))) == len(AFTERWARDS) - 1


def test_a_drive_that_gives_back_other_bytes_or_is_full_is_said(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert school.run("distribute", "--experts", "Петрова А. А.") == 0
    (tmp_path / "drive").mkdir()
    with monkeypatch.context() as broken:
        broken.setattr(copying.fixity, "read_back", lambda _path: iter([memoryview(b"other")]))
        assert school.run("export", "Петрова А. А.", str(tmp_path / "drive")) == 1
    assert "он неисправен" in capsys.readouterr().err
    (folder,) = (tmp_path / "drive").iterdir()
    assert list(folder.iterdir()) == []
    with monkeypatch.context() as full:
        full.setattr(copying.durable, "write_all", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        assert school.run("export", "Петрова А. А.", str(tmp_path / "drive")) == 1
    assert "заполнен" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
    assert school.run("export", "Петрова А. А.", str(tmp_path / "drive")) == 0


def test_a_drive_is_copied_to_by_one_at_a_time(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert school.run("distribute", "--experts", "Петрова А. А.") == 0
    (tmp_path / "drive").mkdir()
    with held(opened(tmp_path / "drive", "2026-02-11_201", [])):
        assert school.run("export", "Петрова А. А.", str(tmp_path / "drive")) == 1
    assert "уже идёт копирование" in capsys.readouterr().err
    assert list((tmp_path / "drive").iterdir()) == []
    exported(school, tmp_path / "other")


@pytest.mark.slow
def test_an_export_killed_at_any_step_is_ended_by_the_next_call(tmp_path: Path) -> None:
    school = ExpertSchool(tmp_path / "school")
    assert school.run("distribute", "--experts", "Петрова А. А.") == 0
    step = 0
    while True:
        step += 1
        drive = tmp_path / f"drive{step}"
        drive.mkdir()
        words = ("export", "Петрова А. А.", str(drive))
        if not killed_at(step, ("experts", *words, "--config", str(school.base / "sync.toml"))):
            break
        for path in drive.glob("*/*.mp3"):
            assert path.read_bytes() == (school.room.folder / path.name).read_bytes(), step
        assert school.run(*words) == 0
        (folder,) = drive.iterdir()
        assert len(list(folder.iterdir())) == len(AFTERWARDS) + 1, step
    assert step > 20


def test_our_own_folders_and_missing_drives_are_refused(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert school.run("distribute", "--experts", "Петрова А. А.") == 0
    for place in (school.room.folder, school.state, tmp_path / "unplugged"):
        assert school.run("export", "Петрова А. А.", str(place)) == 1
    assert "Папки" in capsys.readouterr().err
    events = [json.loads(line)["event"] for line in (school.state / "experts.jsonl").read_text().splitlines()]
    assert events == ["distributed"]


def test_an_appeal_takes_every_take_and_is_on_record(
    school: ExpertSchool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    school.room._takes[(stem := next(iter(school.room._takes)))]
    school.room.take(PEOPLE[0], variant="5", sound=tone(2))
    school.room.record()
    (tmp_path / "drive").mkdir()
    words = ("appeal", "--participant", "1", "--reason", "повторный незачёт", "--by", "Иванова И. И.")
    assert school.run(*words, str(tmp_path / "drive")) == 0
    (folder,) = (tmp_path / "drive").iterdir()
    assert {path.suffix: len(list(folder.glob(f"*{path.suffix}"))) for path in folder.iterdir()} == {
        ".mp3": 2, ".json": 2, ".html": 1,
    }  # fmt: skip
    assert (folder / f"{stem}.mp3").exists()
    (appeal,) = school.status(capsys)["appeals"]
    assert (appeal["number"], appeal["participant"], appeal["by"]) == (1, 1, "Иванова И. И.")
    assert len(appeal["files"]) == 4


def test_names_in_the_page_are_text_and_nothing_else() -> None:
    evil = "</script><script>alert(1)</script><!-- $title"
    content = page(evil, DAY, [Shown("1", "a.mp3", evil, evil, "", 1.0, (), ())]).decode()
    assert content.count("<script") == 2
    assert "alert(1)</script>" not in content
