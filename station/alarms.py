"""What a person must know now: alarms are raised once, keep their beginning, and leave when they are over."""

import logging
from collections.abc import Sequence
from datetime import datetime

from exam.language import say
from station.audibility.findings import Severity
from station.messages import Alarm
from station.session.events import AlarmCleared, AlarmRaised, Event

_log = logging.getLogger(__name__)


def _device_lost(detail: str) -> str:
    return say(
        f"Микрофон не даёт звука: {detail}. Проверьте, что он подключён; станция ждёт его и продолжит сама. "
        "Записанное сохранено.",
        f"No sound from the microphone: {detail}. Check that it is plugged in; the station waits for it and "
        "goes on by itself. What was recorded is safe.",
    )


def _device_changed(detail: str) -> str:
    return say(
        f"Вместо выбранного микрофона подставлен другой: {detail}. С него ничего не записано. Подключите выбранный; "
        "станция ждёт его и продолжит сама. Записанное сохранено.",
        f"Another microphone was put in the place of the chosen one: {detail}. Nothing of it was recorded. Plug in the "
        "chosen one; the station waits for it and goes on by itself. What was recorded is safe.",
    )


def _device_stalled(detail: str) -> str:
    return say(
        f"Звук с микрофона задерживается: {detail}. Компьютер занят или микрофон завис. Запись продолжится сама; "
        "если не пройдёт за минуту, переподключите микрофон.",
        f"Sound from the microphone is late: {detail}. The computer is busy or the microphone hangs. Recording goes on "
        "by itself; if it lasts for a minute, plug the microphone in again.",
    )


def _silence(detail: str) -> str:
    return say(
        f"С микрофона приходит полная тишина: {detail}. Проверьте, не выключен ли он кнопкой. Запись продолжается.",
        f"The microphone delivers utter silence: {detail}. Check that it is not muted. Recording goes on.",
    )


def _overflow(_detail: str) -> str:
    return say(
        "Звуковая система потеряла часть звука: компьютер перегружен. Закройте другие программы. Запись продолжается.",
        "The sound system lost some audio: the computer is overloaded. Close other programs. Recording goes on.",
    )


def _disk_low(detail: str) -> str:
    return say(
        f"Мало места на диске: {detail}. Освободите место. Запись продолжается.",
        f"Disk space is low: {detail}. Free some. Recording goes on.",
    )


def _disk_failed(detail: str) -> str:
    return say(
        f"Запись на диск не удалась: {detail}. Записанное до этого сохранено. Позовите технического специалиста.",
        f"Writing to disk failed: {detail}. What was recorded before is safe. Call the technician.",
    )


def _chain_not_kept(detail: str) -> str:
    return say(
        f"Защита записи от подмены не ведётся: {detail}. Звук записывается и цел, экзамен продолжайте. Позовите "
        "технического специалиста.",
        f"The evidence against tampering is not being kept: {detail}. Sound is recorded and safe, go on with the exam. "
        "Call the technician.",
    )


def _second_copy_failed(detail: str) -> str:
    return say(
        f"Вторая копия не ведётся: {detail}. Запись идёт; когда диск вернётся, копия дополнится сама. Проверьте его.",
        f"The second copy is not kept: {detail}. Recording goes on; once that disk is back the copy is made up by "
        "itself. Check the disk.",
    )


def _not_published(detail: str) -> str:
    return say(
        f"Запись не оформлена: {detail}. Сам звук цел; станция повторяет попытку каждую минуту.",
        f"A recording could not be published: {detail}. The audio is safe; tried again every minute.",
    )


def _speech_in_pause(_detail: str) -> str:
    return say(
        "Во время паузы говорят. Если участник отвечает, нажмите «продолжить» (resume). Сказанное сохранено в общей "
        "записи и восстанавливается командой recut.",
        "Somebody speaks during the pause. If the participant answers, resume. What was said is in the stream and can "
        "be restored by recut.",
    )


def _level_low(detail: str) -> str:
    return say(
        f"Говорят слишком тихо ({detail}). Попросите говорить громче или придвиньте микрофон. Запись продолжается.",
        f"Speech is too quiet ({detail}). Ask to speak up, or move the microphone nearer. Recording goes on.",
    )


def _level_high(detail: str) -> str:
    return say(
        f"Говорят слишком громко ({detail}). Отодвиньте микрофон или убавьте усиление. Запись продолжается.",
        f"Speech is too loud ({detail}). Move the microphone away or turn its gain down. Recording goes on.",
    )


def _clipping(detail: str) -> str:
    return say(
        f"Звук перегружен, голос искажается ({detail}). Отодвиньте микрофон или убавьте усиление. Запись продолжается.",
        f"The sound is overloaded, the voice distorted ({detail}). Move the microphone away or turn its gain down. "
        "Recording goes on.",
    )


def _dead(detail: str) -> str:
    return say(
        f"Микрофон ничего не слышит ({detail}). Проверьте, не выключен ли он кнопкой и не отошёл ли провод. Запись "
        "продолжается, но без звука.",
        f"The microphone hears nothing ({detail}). Check its switch and its cable. Recording goes on, without sound.",
    )


def _dropout(detail: str) -> str:
    return say(
        f"Звук прерывается ({detail}). Закройте другие программы; если не пройдёт, после этого участника "
        "переподключите микрофон. Запись продолжается.",
        f"The sound has dropouts ({detail}). Close other programs; if it lasts, plug the microphone in again after "
        "this participant. Recording goes on.",
    )


def _noise(detail: str) -> str:
    return say(
        f"В аудитории шумно ({detail}). Закройте окно и дверь, выключите вентилятор. Запись продолжается.",
        f"The room is noisy ({detail}). Close window and door, switch off the fan. Recording goes on.",
    )


def _no_speech(detail: str) -> str:
    return say(
        f"Не слышно речи уже {detail}. Если участник отвечает, проверьте микрофон; если готовится или молчит, всё в "
        "порядке. Запись продолжается.",
        f"No speech for {detail}. If the participant is answering, check the microphone; if they prepare or are "
        "silent, all is well. Recording goes on.",
    )


def _clock_step(detail: str) -> str:
    return say(
        f"Часы компьютера переведены на {detail} с. Запись и её длительность это не меняет. Если в бумагах должно быть "
        "другое время, скажите, сколько времени сейчас: station clock ЧЧ:ММ:СС.",
        f"The computer's clock was set by {detail} s. The recording and its length stay the same. If papers must "
        "show another time, say what time it is: station clock HH:MM:SS.",
    )


def _rehearsal_missing(detail: str) -> str:
    return say(
        f"Слышно ли всех, не проверено: {detail}. Сделайте пробу, это минута: station rehearse (между "
        "участниками, за 20 секунд: station rehearse --quick). Если пробу послушали и она хорошая: station rehearse "
        "--accept-by-ear ИМЯ. Записи это не мешает.",
        f"Not known whether everyone is heard: {detail}. Make a test recording, one minute: station rehearse (between "
        "participants station rehearse --quick, 20 seconds). If you listened to it and it is good: station rehearse "
        "--accept-by-ear NAME. Recording goes on in any case.",
    )


_TEXTS = {
    "rehearsal_missing": ("warn", _rehearsal_missing),
    "clock_step": ("warn", _clock_step),
    "speech_in_pause": ("warn", _speech_in_pause),
    "device_lost": ("red", _device_lost),
    "device_changed": ("red", _device_changed),
    "device_stalled": ("red", _device_stalled),
    "silence": ("warn", _silence),
    "overflow": ("warn", _overflow),
    "disk_low": ("warn", _disk_low),
    "disk_failed": ("red", _disk_failed),
    "chain_not_kept": ("warn", _chain_not_kept),
    "second_copy_failed": ("warn", _second_copy_failed),
    "not_published": ("red", _not_published),
    "level_low": ("warn", _level_low),
    "level_high": ("warn", _level_high),
    "clipping": ("warn", _clipping),
    "dead": ("warn", _dead),
    "dropout": ("warn", _dropout),
    "noise": ("warn", _noise),
    "no_speech": ("warn", _no_speech),
}
_TOLD_AS = {"chain_not_kept": "disk_failed", "dead": "silence", "dropout": "overflow"}
"""What stands and is over by itself, but is told by a code that others have as well."""
_OF_THE_SOUND = frozenset(
    {"silence", "level_low", "level_high", "clipping", "dead", "overflow", "dropout", "noise", "no_speech"}
)
"""Alarms that the journal remembers. What others tell of has events of its own, or is about the journal's very disk."""


class Alarms:
    """The alarms that stand. Used by the recorder's thread alone; each raising goes to the log once.

    One code may stand several times, `of` several microphones.
    """

    def __init__(self) -> None:
        self._standing: dict[tuple[str, str], Alarm] = {}
        self._changes: list[Event] = []

    def raise_(
        self,
        code: str,
        since: datetime,
        detail: str = "",
        *,
        severity: Severity | None = None,
        of: str = "",
        seat: str = "",
    ) -> None:
        """Raise `code`, or renew its text; `since` stays that of the first time. `severity`: if not the usual one."""
        usual, text = _TEXTS[code]
        first = self._standing.get((code, of))
        told = _TOLD_AS.get(code, code)
        alarm = Alarm(told, severity or usual, text(detail), first.since if first else since, seat=seat, cause=code)
        self._standing[code, of] = alarm
        if first is None or first.severity != alarm.severity:
            _log.warning("%s: %s", code, alarm.text)
            if code in _OF_THE_SOUND:
                self._changes.append(
                    AlarmRaised(code=told, severity=alarm.severity, text=alarm.text, since=alarm.since)
                )

    def clear(self, *codes: str, of: str = "") -> None:
        for code in codes if self._standing else ():
            if self._standing.pop((code, of), None) is not None:
                _log.info("%s: %s", code, say("прошло", "over"))
                if code in _OF_THE_SOUND:
                    self._changes.append(AlarmCleared(code=_TOLD_AS.get(code, code)))

    def stands(self, code: str, of: str = "") -> bool:
        return (code, of) in self._standing

    def standing(self) -> tuple[Alarm, ...]:
        return tuple(self._standing.values())

    def changes(self) -> Sequence[Event]:
        """What the journal should remember, once."""
        changes, self._changes = self._changes, []
        return changes
