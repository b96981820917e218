"""Whether a played day holds: `station verify`, `station-sync verify`, stored bytes against ours, one receipt each.

`SPOILS` are the ways a test spoils a day, to show that it is noticed.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from exam import fixity, manifest, names, roster
from exam.manifest import Manifest
from exam.names import Kind
from exam.roomday import is_room_day
from showing.school import BIN, CODE, ROOM, School, today

_HEADING = ("Участник", "Итог", "Файл", "Длина", "SHA-256", "Квитанция")
_OUTCOMES = {"accepted": "принята", "rejected": "повтор", "unreviewed": "не прослушана"}


def is_delivered(school: School) -> bool:
    """Whether the agent says that everything found is delivered, streams and participants."""
    status = _json(school, "station-sync", "status", "--json")
    stored = {item["path"] for item in status["items"] if item["state"] == "delivered"}
    due = [delivery.file for one in _manifests(school) for delivery in one.deliveries]
    return bool(due) and status["package"]["complete"] and all(any(file in path for path in stored) for file in due)


def show(school: School) -> int:
    """Print the table and what is wrong; 0 if nothing is."""
    items = {Path(item["path"]).name: item for item in _json(school, "station-sync", "status", "--json")["items"]}
    manifests = _manifests(school)
    replaced = {one.replaces for one in manifests}
    rows = [_row(one, items, is_replaced=one.stem in replaced) for one in manifests]
    rows += _absent(school)
    _print_table([_HEADING, *rows])
    faults = [*_refusals(school), *_unproven(school, items)]
    for fault in faults:
        print(f"ОШИБКА: {fault}")
    print("День не сошёлся." if faults else "День сошёлся: все записи целы, доставлены и подтверждены.", flush=True)
    return 1 if faults else 0


def _row(one: Manifest, items: Mapping[str, Any], *, is_replaced: bool) -> tuple[str, ...]:
    file = _sent(one)
    who = f"{one.participant.surname} {one.participant.first_name}" if one.participant else "общая запись"
    outcome = "переназначена" if is_replaced else _OUTCOMES.get(one.outcome or "", "—")
    receipt = (items.get(file, {}).get("receipt") or {}).get("receipt_id", "нет")
    seconds = one.audio.frames / one.audio.sample_rate
    return (who, outcome, file, f"{seconds:6.1f} с", one.sha256[:12], str(receipt)[:18])


def _absent(school: School) -> list[tuple[str, ...]]:
    """Participants without a recording, from the journal."""
    journal = (_folder(school) / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in journal]
    outcomes = {event["participant"]: event["outcome"] for event in events if event["type"] == "outcome"}
    absent = [number for number, outcome in outcomes.items() if outcome == "absent"]
    people = roster.load(school.folder / "roster.csv")
    return [
        (f"{people[number].surname} {people[number].first_name}", "неявка", "—", "—", "—", "—") for number in absent
    ]


def _refusals(school: School) -> list[str]:
    """What the product's own checkers say."""
    faults = []
    for program, words in (("station", ["verify", str(_folder(school))]), ("station-sync", ["verify"])):
        done = subprocess.run(
            [BIN / program, *words], env=os.environ | school.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            faults.append(f"{program} verify: {(done.stdout + done.stderr).strip()}")
    return faults


def _unproven(school: School, items: Mapping[str, Any]) -> list[str]:
    """Files that are not stored byte for byte at the exchange under a receipt."""
    stored = {fixity.sha256_of(path) for path in (school.exchange / "schools" / CODE).rglob("*") if path.is_file()}
    faults = []
    for one in _manifests(school):
        for file in (_sent(one), one.stem + manifest.SUFFIX):
            item = items.get(file)
            if item is None or item["state"] != "delivered" or not item["receipt"]:
                faults.append(f"{file}: нет квитанции")
            elif fixity.sha256_of(_folder(school) / file) not in stored:
                faults.append(f"{file}: в файловом обмене лежат другие байты")
    return faults


def _manifests(school: School) -> list[Manifest]:
    paths = sorted(path for path in _folder(school).glob("*.json") if not is_room_day(path.name))
    found = [manifest.load(path) for path in paths]
    return sorted(found, key=lambda one: (one.kind is Kind.STREAM, one.stem))


def _sent(one: Manifest) -> str:
    """The file that travels: the delivery, or the master itself."""
    return one.deliveries[0].file if one.deliveries else one.audio.file


def _folder(school: School) -> Path:
    return school.folder / "recordings" / names.day_folder(today(), ROOM)


def _json(school: School, *words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(school.call(*words))
    return answer


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADING))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()


def _spoil_recording(school: School) -> None:
    _flip(next(path for path in sorted(_folder(school).glob("*.wav")) if "поток" not in path.name))


def _spoil_stored(school: School) -> None:
    _flip(next(iter(sorted((school.exchange / "schools" / CODE).rglob("*.mp3")))))


def _spoil_receipt(school: School) -> None:
    path = next(iter(sorted((school.folder / "state" / "receipts").glob("*.json"))))
    receipt = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**receipt, "size": receipt["size"] + 1}), encoding="utf-8")


def _flip(path: Path) -> None:
    """One byte in the middle of a file becomes another."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


SPOILS: Mapping[str, Callable[[School], None]] = {
    "recording": _spoil_recording,
    "stored": _spoil_stored,
    "receipt": _spoil_receipt,
}
