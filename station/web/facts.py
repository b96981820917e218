"""What does not change while the page is open: the school, the room, its people, the steps of an interview."""

from collections.abc import Mapping
from typing import Any

from exam.regulation import ALL_TASKS, ANSWER_S, EXTRA_S, PREPARATION_S, TALK_S
from exam.roster import Participant, Roster
from station.config import Config

FINISHED_AFTER_S = 1500.0
"""When the page asks whether the talk is over; `EXTRA_S` later for who has it."""


def facts_of(config: Config, people: Roster, *, has_pin: bool) -> Mapping[str, Any]:
    """As `/api/room` answers; the reader's language is added to it."""
    return {
        "school": {"code": config.school.code, "name": config.school.name},
        "room": config.room.number,
        "exam_date": config.exam.date.isoformat(),
        "time_zone": config.school.time_zone,
        "scheme": config.exam.scheme,
        "recording": config.exam.recording,
        "seats": config.seats,
        "sample_rate": config.capture.sample_rate,
        "playback": _may_listen(config, config.exam.scheme),
        "pin": has_pin,
        "people": [_person(config, person) for person in people.values()],
        "steps": [{"task": task, "prepare_s": PREPARATION_S[task], "answer_s": ANSWER_S[task]} for task in ALL_TASKS],
        "budget": {"ordinary_s": TALK_S, "extra_s": EXTRA_S, "finished_after_s": FINISHED_AFTER_S},
    }


def _person(config: Config, person: Participant) -> Mapping[str, Any]:
    scheme = person.scheme or config.exam.scheme
    return {
        "number": person.number,
        "surname": person.surname,
        "first_name": person.first_name,
        "patronymic": person.patronymic,
        "class": person.class_name,
        "room": person.room,
        "extended": person.extended,
        "scheme": scheme,
        "tasks": person.tasks,
        "playback": _may_listen(config, scheme),
    }


def _may_listen(config: Config, scheme: int) -> bool:
    """7.7: scheme 1 with the stream alone offers no playback."""
    return not (scheme == 1 and config.exam.recording == "stream")
