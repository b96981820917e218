"""Manifests, records and packages that are nearly right: the centre's day of them is always told."""

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from centre_peers import FOLDER, Sent, Staged
from rig.schoolday import EXAM_DATE, SCHOOL

from sync.exchange.centre import tables, views_school
from sync.exchange.centre.sessions import Session
from sync.exchange.centre.versions import changes
from sync.exchange.centre.words import summary_of
from sync.school.package import written

pytestmark = pytest.mark.slow
ODD = [None, True, -1, 0, 10**12, 1.5, "", "\u202e", "9" * 300, [], {}, "2026-02-11", "2026-02-11T10:00:00Z", "1",
       "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "accepted", "removed", "absent"]  # fmt: skip


def places(told: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key in told if isinstance(told, dict) else range(len(told)) if isinstance(told, list) else ():
        yield (*way, key)
        yield from places(told[key], (*way, key))


def mangled(content: bytes, chance: random.Random) -> bytes:
    told = json.loads(content)
    for _ in range(chance.randint(1, 5)):
        *way, last = chance.choice(list(places(told)))
        within = told
        for key in way:
            within = within[key]
        alike = [one for one in ODD if type(one) is type(within[last])]
        if isinstance(within, list) and chance.random() < 0.5:
            within.append(json.loads(json.dumps(within[last])))
        else:
            within[last] = json.loads(json.dumps(chance.choice(alike or ODD)))
    return json.dumps(told).encode()


@pytest.mark.parametrize("seed", range(40))
def test_what_is_nearly_right_is_told_all_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same again next time
    sent, staged = Sent(tmp_path / "sent"), Staged(tmp_path / "exchange")
    staged.admit(SCHOOL)
    for folder, name, content in sent.rooms:
        is_told = name.endswith(".json") and chance.random() < 0.3
        staged.receive(SCHOOL, folder, name, mangled(content, chance) if is_told else content)
    for version in (1, 2):
        name = sent.package.file.replace("_01.", f"_{version:02d}.")
        staged.receive(SCHOOL, FOLDER, name, mangled(written(sent.package), chance))
    collecting, session = staged.collecting(), Session("a", "b", "c", 0, 0)
    day = collecting.day(SCHOOL, EXAM_DATE)
    assert summary_of(day).files == len(day.files)
    assert "".join(tables.matrix_csv([day]))
    assert tables.matrix_json([day])
    assert views_school.day(day, [], session)
    assert views_school.files(day, collecting.undated(SCHOOL), session)
    found = [one for _, one in collecting.packages(day.versions) if one]
    for before, after in pairwise(found):
        assert all(one.ru and one.en for one in changes(before, after))
    staged.database.close()
