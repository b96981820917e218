"""What a code on a page says: our own, printed by this product, and nobody else's. Pure.

`exam:<school>:<date>:protocol:<number>`, likewise `act`; `…:room_sheet:<room>`; `…:form_c1`. Other texts are other
people's codes: a number in them may be anything, and nothing is concluded from it.
"""

import re
from collections.abc import Iterable
from datetime import date

from exam.roster import Roster
from sync.scans.model import Belongs, Trouble

_PREFIX = "exam"
_OURS = re.compile(
    rf"{_PREFIX}:(?P<school>[\w-]{{1,20}}):(?P<date>\d{{4}}-\d{{2}}-\d{{2}}):"
    r"(?:(?P<of>protocol|act):(?P<number>[0-9]{1,6})|room_sheet:(?P<room>[\w-]{1,16})|form_c1)"
)


def payload(school: str, exam_date: date, belongs: Belongs) -> str:
    """The text of the code for a paper."""
    what = belongs.room if belongs.kind == "room_sheet" else belongs.participant
    words = [_PREFIX, school, exam_date.isoformat(), belongs.kind]
    return ":".join(words if what is None else [*words, str(what)])


def read(texts: Iterable[str], *, school: str, exam_date: date | None, roster: Roster) -> Belongs | Trouble | None:
    """Whose paper it is by the codes on all of its pages; None where there is none of ours."""
    found: dict[Belongs, None] = {}
    for text in texts:
        told = _OURS.fullmatch(text.strip())
        if told is None:
            continue
        if told["school"] != school:
            return Trouble("other_school", told["school"])
        if exam_date is not None and told["date"] != exam_date.isoformat():
            return Trouble("other_day", told["date"])
        belongs = _belongs(told)
        if belongs.participant is not None and belongs.participant not in roster:
            return Trouble("stranger", str(belongs.participant))
        found[belongs] = None
    if len(found) > 1:
        return Trouble("several_people", ", ".join(str(one.participant or one.room or one.kind) for one in found))
    return next(iter(found), None)


def _belongs(told: re.Match[str]) -> Belongs:
    if told["number"]:
        return Belongs("act" if told["of"] == "act" else "protocol", participant=int(told["number"]))
    return Belongs("room_sheet", room=told["room"]) if told["room"] else Belongs("form_c1")
