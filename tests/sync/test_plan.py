"""The decision, as a table: what was found, what is known, what the server holds -> what to do."""

import pytest

from sync.model import ItemState
from sync.plan import (
    MAX_DAMAGED,
    Action,
    Create,
    Found,
    Item,
    Nothing,
    Reason,
    Resume,
    Row,
    SetAside,
    Verify,
    decide,
    queue,
)  # fmt: skip

ITEM = Item("day/a.wav", "participant", "a" * 64, 100)
MANIFEST = Item("day/a.json", "manifest", "b" * 64, 10)
WRONG = Reason("не тот", "wrong")


def found(item: Item = ITEM, **told: object) -> Found:
    return Found(**({"item": item, "file": f"/{item.path}", "fingerprint": "1"} | told))  # type: ignore[arg-type]


def row(state: ItemState = ItemState.HASHED, item: Item = ITEM, **told: object) -> Row:
    fields = {"path": item.path, "kind": item.kind, "sha256": item.sha256, "size": item.size, "state": state}
    return Row(**(fields | told))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "known", "there", "action"),
    [
        (found(), row(), None, Create()),
        (found(problem=WRONG), row(), None, SetAside(ItemState.QUARANTINED, WRONG)),
        (found(), row(damaged=MAX_DAMAGED - 1), None, Create()),
        (found(), row(ItemState.UPLOADING), None, Create()),
        (found(), row(ItemState.UPLOADING), 0, Resume(0)),
        (found(), row(ItemState.UPLOADING), 99, Resume(99)),
        (found(), row(ItemState.UPLOADING, offset=50), 20, Resume(20)),
        (found(), row(ItemState.UPLOADING), 100, Verify()),
        (found(), row(ItemState.UPLOADING), 101, Create()),
        (found(problem=WRONG), row(ItemState.UPLOADING), 50, SetAside(ItemState.QUARANTINED, WRONG)),
        (found(), row(ItemState.UPLOADED), None, Verify()),
        (found(), row(ItemState.UPLOADED, reason=WRONG), None, Verify()),
        (found(), row(ItemState.UPLOADED, unproven=True), None, Nothing()),
        (found(), row(ItemState.VERIFYING), None, Verify()),
        (found(), row(ItemState.DELIVERED), None, Nothing()),
        (found(problem=WRONG), row(ItemState.DELIVERED), None, Nothing()),
        (found(), row(ItemState.HANDED_OVER), None, Nothing()),
        (found(settled=False), row(ItemState.SEEN), None, Nothing()),
        (found(problem=WRONG, changed=True), row(), None, SetAside(ItemState.CHANGED, WRONG)),
        (found(), row(ItemState.CHANGED, fingerprint="1"), None, Nothing()),
        (found(), row(ItemState.WAITING, resumes=ItemState.UPLOADED), None, Verify()),
        (found(), row(ItemState.WAITING, resumes=ItemState.UPLOADING), 10, Resume(10)),
        (found(), row(ItemState.QUARANTINED, fingerprint="1"), None, Nothing()),
        (found(), row(ItemState.QUARANTINED, fingerprint="0"), None, Create()),
        (
            found(problem=WRONG),
            row(ItemState.QUARANTINED, fingerprint="0"),
            None,
            SetAside(ItemState.QUARANTINED, WRONG),
        ),
    ],
)
def test_decision(seen: Found, known: Row, there: int | None, action: Action) -> None:
    assert decide(seen, known, there) == action


def test_bytes_damaged_again_and_again_need_a_person() -> None:
    action = decide(found(), row(damaged=MAX_DAMAGED), None)
    assert isinstance(action, SetAside)
    assert action.to is ItemState.NEEDS_HUMAN


@pytest.mark.parametrize("state", ItemState)
def test_a_manifest_follows_its_recording(state: ItemState) -> None:
    manifest = found(MANIFEST, after=ITEM.key)
    rows = {ITEM.key: row(state, fingerprint="1"), MANIFEST.key: row(item=MANIFEST)}
    arrived = state in {ItemState.UPLOADED, ItemState.VERIFYING, ItemState.DELIVERED, ItemState.HANDED_OVER}
    assert (manifest in queue([found(), manifest], rows, set())) == arrived


def test_what_waits_is_not_queued() -> None:
    assert queue([found()], {ITEM.key: row()}, {ITEM.key}) == []
    assert queue([found()], {ITEM.key: row()}, set()) == [found()]
