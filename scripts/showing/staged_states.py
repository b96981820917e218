"""Statuses made up for each thing the room page can show: for pictures of it, and tests without a room."""

import copy
from collections.abc import Mapping
from typing import Any

_DATE, _NOW = "2026-02-11", "2026-02-11T10:42:07.5+07:00"

Json = dict[str, Any]


def _person(number: int, name: str, school_class: str = "9А", room: str = "265", **more: Any) -> Json:
    surname, first_name, patronymic = name.split()
    plain = {"extended": False, "scheme": 2, "tasks": [1, 2, 3, 4], "playback": True}
    said = {"number": number, "surname": surname, "first_name": first_name, "patronymic": patronymic}
    return {**said, "class": school_class, "room": room, **plain, **more}


PEOPLE = [
    _person(1, "Иванов Иван Сергеевич"),
    _person(2, "Иванов Игорь Павлович", extended=True),
    _person(3, "Петрова Анна Олеговна", "9Б"),
    _person(4, "Сидоров Пётр Ильич", "9Б"),
    _person(5, "Ёлкина Мария Викторовна", "9Б"),
    _person(6, "Смирнова Александра Константиновна", "9В"),
    _person(7, "Смирнова Александра Константиновна", "9В"),
    _person(8, "Магомедов Магомед Магомедович", "9В"),
    _person(9, "Кузнецов Артём Денисович", "9В"),
    _person(10, "Новикова Дарья Алексеевна", "9В"),
    _person(11, "Орлов Кирилл Андреевич", "9В", scheme=1, playback=False),
    _person(12, "Фёдоров Степан Николаевич", "9Г", "12а"),
    _person(13, "Яковлева Ольга Петровна", "9Г", "12а"),
]
FACTS: Json = {
    "school": {"code": "701020", "name": "МБОУ СОШ № 1"}, "room": "265", "exam_date": _DATE, "time_zone": "Asia/Tomsk",
    "scheme": 2, "recording": "both", "seats": [], "playback": True, "pin": False, "sample_rate": 48000,
    "people": PEOPLE, "language": "ru",
    "steps": [{"task": task, "prepare_s": before, "answer_s": answer}
              for task, before, answer in ((1, 120, 120), (2, 120, 180), (3, 60, 180), (4, 0, 180))],
    "budget": {"ordinary_s": 960, "extra_s": 1800, "finished_after_s": 1500},
}  # fmt: skip
_STEM = "11.02.2026_265_701020_Иванов Иван"


def take(**more: Any) -> Json:
    """A take as `participants` tells it."""
    plain = {
        "take": 1, "file": f"{_STEM}.wav", "accepted": False, "published": False, "verdict": None, "variant": "12",
        "decision": None, "opinion": None, "listened": None, "started_at": "2026-02-11T10:20:00+07:00",
        "ended_at": None, "seconds": 700.0, "source": "microphone", "flags": [],
    }  # fmt: skip
    return {**plain, **more}


def in_hand(**more: Any) -> Json:
    """The take of Иванов Иван."""
    plain = {
        "take": _STEM, "number": 1, "participant": 1, "variant": "12", "started_at": "2026-02-11T10:20:00+07:00",
        "seconds": 12.0, "seconds_in_all": 17.0, "paused_s": None, "marks": [], "opinion": None, "listened": None,
    }  # fmt: skip
    return {**plain, **more}


def marks(*seconds: float) -> list[Json]:
    """Tasks 1, 2, … began then."""
    return [{"task": task, "seconds": at} for task, at in enumerate(seconds, start=1)]


def alarm(cause: str, *, seat: str = "", severity: str = "warn", ago_s: int = 15) -> Json:
    """An alarm that stands for `ago_s`."""
    since = f"2026-02-11T10:{41 - ago_s // 60:02d}:{(67 - ago_s % 60) % 60:02d}+07:00"
    return {"code": cause, "cause": cause, "severity": severity, "seat": seat, "text": f"[{cause}]", "since": since}


def verdict(grade: str, *metrics: Json) -> Json:
    """What was found in a take."""
    return {
        "schema": 1,
        "basis": "recording",
        "grade": grade,
        "seconds": 700.0,
        "speech_s": 400.0,
        "metrics": list(metrics),
    }


QUIET_TASK_3 = verdict(
    "fail",
    {
        "name": "level",
        "grade": "fail",
        "voice": "participant",
        "reason": "…",
        "places": [{"start_s": 431.0, "end_s": 470.0}],
    },
    {"name": "noise", "grade": "warn", "reason": "…"},
)


_STREAM = {"file": "поток_01.wav", "frames": 48000 * 8040, "captured_frames": 1, "gaps": []}


def status(state: str, *, taken: Mapping[int, Mapping[str, Any]] | None = None, **more: Any) -> Json:
    """A room in `state`. `taken`: what `participants` tells of some of them."""
    noted = {1: {}, **(taken or {})}
    people = [
        {
            "number": person["number"],
            "name": person["surname"],
            "outcome": None,
            "takes": [],
            **noted.get(person["number"], {}),
        }
        for person in PEOPLE
    ]
    plain = {
        "state": state, "version": 1, "now": _NOW, "chosen": None, "in_hand": None, "pedal": None, "participant": None,
        "take": None, "verdict": None, "levels": {"rms_dbfs": [-40.0], "peak_dbfs": [-30.0], "hold_dbfs": [-25.0]},
        "stream": None if state == "closed" else _STREAM,
        "alarms": [], "disk": [{"folder": "/d", "free_bytes": 1, "hours_left": 214.0, "is_equal": None}],
        "publishing": [], "participants": people, "rehearsal": None,
    }  # fmt: skip
    return copy.deepcopy({**plain, **more})


def chosen(participant: int, variant: str | None = None, **more: Any) -> Json:
    """Who comes next."""
    return {"participant": participant, "variant": variant, "other_room": False, "document_checked": False, **more}


_DONE = {
    3: {"takes": [take(variant="7", decision="accepted", accepted=True, opinion="well")]},
    4: {"outcome": "absent"},
    8: {"takes": [take(variant="3", decision="unreviewed")]},
    9: {"takes": [take(variant="5", decision="rejected", opinion="badly")]},
    10: {"outcome": "removed"},
}
_TOLD = {**_DONE, 1: {"takes": [take(ended_at="2026-02-11T10:41:50+07:00")]}}
_REVIEW = in_hand(seconds=700.0, seconds_in_all=705.0, marks=marks(31.0, 200.0, 420.0, 560.0))

STATES: Mapping[str, Json] = {
    "closed": status("closed", alarms=[alarm("rehearsal_missing")]),
    "closed_ready": status(
        "closed", disk=[{"folder": "/d", "hours_left": 214.0}, {"folder": "/e", "hours_left": 90.0}]
    ),
    "closed_early": status("closed", now="2026-02-10T16:02:00+07:00"),
    "finished": status("closed", taken=_DONE),
    "idle": status("idle", taken=_DONE),
    "idle_chosen": status("idle", taken=_DONE, chosen=chosen(2, "12")),
    "idle_repeat": status("idle", taken=_DONE, chosen=chosen(9), pedal={"present": True, "holding": False}),
    "idle_other_room": status("idle", taken=_DONE, chosen=chosen(12, "4", other_room=True)),
    "introduction": status("recording", in_hand=in_hand()),
    "recording": status("recording", in_hand=in_hand(seconds=462.0, marks=marks(31.0, 350.0))),
    "recording_over": status(
        "recording",
        in_hand=in_hand(seconds=700.0, marks=marks(31.0, 350.0)),
        alarms=[alarm("level_low", seat="participant")],
    ),
    "recording_extended": status(
        "recording", in_hand=in_hand(participant=2, variant=None, seconds=1500.0, marks=marks(31.0, 800.0))
    ),
    "recording_last": status(
        "recording",
        in_hand=in_hand(seconds=880.0, marks=marks(31.0, 350.0, 500.0, 700.0)),
        pedal={"present": True, "holding": False},
    ),
    "recording_long": status("recording", in_hand=in_hand(seconds=1520.0)),
    "recording_alarm": status(
        "recording",
        in_hand=in_hand(seconds=462.0, marks=marks(31.0)),
        alarms=[alarm("device_lost", severity="red"), alarm("second_copy_failed"), alarm("noise")],
    ),
    "paused": status("paused", in_hand=in_hand(seconds=300.0, paused_s=40.0, marks=marks(31.0))),
    "paused_speech": status(
        "paused", in_hand=in_hand(seconds=300.0, paused_s=80.0, marks=marks(31.0)), alarms=[alarm("speech_in_pause")]
    ),
    "review_checking": status("review", taken=_TOLD, in_hand=_REVIEW),
    "review_good": status("review", taken=_TOLD, in_hand=_REVIEW, verdict=verdict("pass")),
    "review_listen": status("review", taken=_TOLD, in_hand=_REVIEW, verdict=QUIET_TASK_3),
    "review_badly": status(
        "review", taken=_TOLD, in_hand={**_REVIEW, "opinion": "badly", "listened": 30.0}, verdict=QUIET_TASK_3
    ),
    "next": status(
        "review", taken=_TOLD, in_hand={**_REVIEW, "opinion": "well", "listened": 30.0}, verdict=verdict("pass")
    ),
    "next_unheard": status("review", taken=_TOLD, in_hand={**_REVIEW, "participant": 11}, verdict=QUIET_TASK_3),
    "next_badly": status(
        "review", taken=_TOLD, in_hand={**_REVIEW, "participant": 11, "opinion": "badly"}, verdict=QUIET_TASK_3
    ),
    "next_chosen": status("review", taken=_TOLD, in_hand={**_REVIEW, "opinion": "declined"}, chosen=chosen(5)),
}
"""Everything the page can be, by name."""
