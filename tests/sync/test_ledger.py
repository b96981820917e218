"""The ledger moves only as its table allows, and a second opening reads what the first one wrote."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exam.errors import Fatal
from sync import ledger
from sync.ledger import Ledger
from sync.model import ItemState
from sync.plan import Found, Item, Reason, Row
from sync.states import ASIDE, TRANSITIONS

ITEM = Item("day/Иванов И.wav", "participant", "a" * 64, 1000)
DELIVERED = {"receipt": "r1"}


def found(item: Item = ITEM) -> Found:
    return Found(item=item, file=f"/{item.path}", fingerprint="1")


@settings(max_examples=40)
@given(st.lists(st.sampled_from(list(ItemState)), max_size=12))
def test_no_sequence_of_moves_leaves_the_table(wanted: list[ItemState]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened = Ledger(Path(folder))
        opened.note_found([found()])
        state = ItemState.HASHED
        for to in wanted:
            row = opened.rows()[ITEM.key]
            if to is state or to in TRANSITIONS[state]:
                aside = {"resumes": row.stands} if to in ASIDE else {}
                opened.move(row, to, **(DELIVERED if to is ItemState.DELIVERED else aside))
                state = to
            else:
                with pytest.raises(ValueError, match="->"):
                    opened.move(row, to)
            assert [row.state for row in ledger.read(Path(folder))] == [state]
        opened.close()


def test_every_state_has_a_way_out_and_the_last_only_to_be_proved_again() -> None:
    assert set(TRANSITIONS) == set(ItemState)
    assert all(TRANSITIONS.values())
    assert TRANSITIONS[ItemState.DELIVERED] == {ItemState.UPLOADED}


def test_delivered_needs_a_receipt(tmp_path: Path) -> None:
    opened = Ledger(tmp_path)
    opened.note_found([found()])
    row = opened.move(opened.rows()[ITEM.key], ItemState.CREATING)
    row = opened.move(row, ItemState.UPLOADING, upload="/files/1")
    row = opened.move(row, ItemState.UPLOADED)
    with pytest.raises(Exception, match="CHECK"):
        opened.move(row, ItemState.DELIVERED)
    assert opened.rows()[ITEM.key].state is ItemState.UPLOADED


def test_rows_survive_as_they_were(tmp_path: Path) -> None:
    opened = Ledger(tmp_path)
    opened.note_found([found()])
    moment = datetime(2026, 2, 11, 12, tzinfo=UTC)
    row = opened.note(opened.rows()[ITEM.key], reason=Reason("почему", "why"), next_try_at=moment, offset=5)
    opened.close()
    assert ledger.read(tmp_path) == [row]
    assert Ledger(tmp_path).rows() == {row.key: row}


def test_a_path_that_means_other_bytes_replaces_what_was_not_delivered(tmp_path: Path) -> None:
    opened = Ledger(tmp_path)
    opened.note_found([found()])
    other = Item(ITEM.path, ITEM.kind, "b" * 64, 1000)
    opened.note_found([found(other)])
    assert set(opened.rows()) == {other.key}


def test_what_vanished_stays_known_and_a_mended_place_does_not(tmp_path: Path) -> None:
    opened = Ledger(tmp_path)
    broken = Item("day/broken.json", "manifest", "", 0)
    opened.note_found([found(), found(broken)])
    opened.note_found([])
    assert [(row.path, row.present) for row in opened.rows().values()] == [(ITEM.path, False)]
    opened.note_found([found()])
    assert opened.rows()[ITEM.key].present


def test_a_new_life_gives_another_chance(tmp_path: Path) -> None:
    opened = Ledger(tmp_path)
    opened.note_found([found()])
    opened.move(opened.rows()[ITEM.key], ItemState.QUARANTINED, reason=Reason("", ""), fingerprint="1")
    opened.begin()
    assert opened.rows()[ITEM.key] == Row(**{name: getattr(ITEM, name) for name in ITEM.__struct_fields__})


def test_a_reader_sees_nothing_where_nothing_was_noted(tmp_path: Path) -> None:
    assert ledger.read(tmp_path) == []


def test_a_ledger_of_the_first_version_is_read_on(tmp_path: Path) -> None:
    """Nothing that was delivered is sent again because the program was updated."""
    old = sqlite3.connect(tmp_path / ledger.FILE)
    old.executescript(
        "CREATE TABLE items (path TEXT NOT NULL, kind TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,"
        " state TEXT NOT NULL, upload TEXT UNIQUE, offset INTEGER NOT NULL, damaged INTEGER NOT NULL,"
        " unproven INTEGER NOT NULL, receipt TEXT, reason TEXT, fingerprint TEXT NOT NULL, next_try_at TEXT,"
        " present INTEGER NOT NULL, PRIMARY KEY (path, sha256)) STRICT;"
        "CREATE TABLE target (url TEXT NOT NULL) STRICT;"
        "INSERT INTO target VALUES ('https://example.org/files');"
        "PRAGMA user_version = 1;"
    )
    values = (ITEM.path, ITEM.kind, ITEM.sha256, 1000, "delivered", "/files/1", 1000, 0, 0, "r1", None, "", None, 1)
    with old:
        old.execute(f"INSERT INTO items VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608 - placeholders
    old.close()
    opened = Ledger(tmp_path)
    (row,) = opened.rows().values()
    assert (row.key, row.state, row.receipt, row.resumes) == (ITEM.key, ItemState.DELIVERED, "r1", None)
    assert opened.target() == "https://example.org/files"


def test_a_ledger_of_the_second_version_is_read_on_and_belongs_to_whoever_comes(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as made:
        made.note_found([found()])
    with closing(sqlite3.connect(tmp_path / ledger.FILE)) as old, old:
        old.executescript(
            "DROP TABLE target; CREATE TABLE target (url TEXT NOT NULL) STRICT;"
            "INSERT INTO target VALUES ('https://example.org/files'); PRAGMA user_version = 2;"
        )
    (before,) = ledger.read(tmp_path)
    with closing(Ledger(tmp_path)) as opened:
        assert opened.rows() == {before.key: before}
        assert opened.target() == "https://example.org/files"
        opened.check_school("701020", tmp_path / "sync.toml")


def test_a_ledger_of_a_later_version_is_not_taken_for_none(tmp_path: Path) -> None:
    """Else status and verify would say that there is nothing to check."""
    later = sqlite3.connect(tmp_path / ledger.FILE)
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(Fatal, match="более новой версией"):
        ledger.read(tmp_path)
    with pytest.raises(Fatal, match="более новой версией"):
        Ledger(tmp_path)


@pytest.mark.parametrize("damage", ["state = 'flown'", "reason = '{'", "next_try_at = 'soon'"])
def test_rows_that_make_no_sense_are_set_aside_like_a_damaged_file(tmp_path: Path, damage: str) -> None:
    with closing(Ledger(tmp_path)) as opened:
        opened.note_found([found()])
    torn = sqlite3.connect(tmp_path / ledger.FILE)
    with torn:
        torn.execute(f"UPDATE items SET {damage}")  # noqa: S608 - literals
    torn.close()
    with closing(Ledger(tmp_path)) as opened:
        assert not opened.rows()
    assert (tmp_path / f"damaged-1-{ledger.FILE}").exists()


def test_what_was_noted_of_a_manifest_and_cannot_be_read_is_read_again(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as opened:
        pass
    torn = sqlite3.connect(tmp_path / ledger.FILE)
    with torn:
        torn.execute("INSERT INTO manifests VALUES ('/a.json', '{')")
    torn.close()
    with closing(Ledger(tmp_path)) as opened:
        assert opened.told("/a.json") is None


def test_several_moves_are_one_step_or_none(tmp_path: Path) -> None:
    opened = Ledger(tmp_path)
    other = Item("day/б.wav", "participant", "b" * 64, 5)
    opened.note_found([found(), found(other)])
    first, second = opened.rows().values()
    with pytest.raises(ValueError, match="->"):
        opened.move_all([(first, ItemState.CREATING, {}), (second, ItemState.DELIVERED, {})])
    with pytest.raises(Exception, match="CHECK"):
        opened.move_all([(first, ItemState.CREATING, {}), (second, ItemState.CREATING, {"size": -1})])
    assert {row.state for row in opened.rows().values()} == {ItemState.HASHED}
    assert opened.rows() == {row.key: row for row in ledger.read(tmp_path)}


def test_a_file_still_copied_is_seen_then_settles(tmp_path: Path) -> None:
    opened = Ledger(tmp_path)
    copied = Found(item=ITEM, file="/x", fingerprint="1", settled=False, problem=Reason("", ""))
    opened.note_found([copied])
    assert opened.rows()[ITEM.key].state is ItemState.SEEN
    opened.note_found([found()])
    assert opened.rows()[ITEM.key].state is ItemState.HASHED
    opened.note_found([copied])
    assert opened.rows()[ITEM.key].state is ItemState.SEEN


def test_the_line_is_noted_for_whoever_asks(tmp_path: Path) -> None:
    assert ledger.read_line(tmp_path) is None
    opened = Ledger(tmp_path)
    moment = datetime(2026, 2, 11, 12, tzinfo=UTC)
    opened.note_line(250_000.0, moment)
    assert ledger.read_line(tmp_path) == ledger.Line(moment, 250_000.0)
