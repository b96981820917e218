"""What was seen of the room becomes lights, a line each, in the order in which a technician mends. Pure.

Red is what keeps the exam from being recorded well; a warning is for a person to decide.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from exam.language import say
from station.readiness.facts import Clock, Delivery, Disk, Facts, Light, Microphone, Roster, State

_FIRST_YEAR = 2025
_SLACK = timedelta(minutes=2)
_GB = 1e9


def lights_of(facts: Facts) -> tuple[Light, ...]:
    """Every light."""
    copies = [disk for disk in facts.disks if disk.is_copy]
    return (
        _date(facts),
        *_clock(facts.clock),
        Light("config", "ok", facts.config),
        _roster(facts.roster),
        _microphone(facts.microphone),
        _tested(facts),
        *(_disk(disk) for disk in facts.disks if not disk.is_copy),
        *(map(_disk, copies) if copies else [Light("copy", "off", say("вторая копия не ведётся", "no second copy"))]),
        _sleep(facts.sleep),
        _daemon(facts),
        *_page(facts.page),
        *_pedal(facts.pedal),
        _delivery(facts.delivery),
    )


def is_ready(lights: Sequence[Light]) -> bool:
    """Whether nothing is red."""
    return all(light.state != "bad" for light in lights)


def _date(facts: Facts) -> Light:
    days = (facts.exam_date - facts.clock.now.date()).days
    told = f"{facts.exam_date:%d.%m.%Y}"
    if days < 0:
        return Light(
            "date",
            "bad",
            say(f"экзамен был {told}", f"the exam was on {told}"),
            say("впишите дату следующего в [exam] date", "write the next one's into [exam] date"),
        )
    if days == 0:
        return Light("date", "ok", say(f"экзамен сегодня, {told}", f"the exam is today, {told}"))
    return Light("date", "ok", say(f"экзамен {told}, через {days} дн.", f"the exam is on {told}, in {days} days"))


def _clock(clock: Clock) -> Iterator[Light]:
    told = f"{clock.now:%d.%m.%Y %H:%M:%S}"
    if clock.now.year < _FIRST_YEAR or clock.now < clock.known - _SLACK:
        yield Light(
            "clock",
            "bad",
            say(f"часы отстали: {told}", f"the clock is behind: {told}"),
            say("поставьте время компьютера; в день экзамена: station clock ЧЧ:ММ:СС",
                "set the computer's clock; on the day: station clock HH:MM:SS"),
        )  # fmt: skip
    elif clock.is_kept:
        yield Light("clock", "ok", say(f"{told}, сверены по сети", f"{told}, kept by the network"))
    else:
        yield Light(
            "clock",
            "warn",
            say(f"{told}, по сети не сверены", f"{told}, not kept by the network"),
            say("сверьте с часами аудитории", "compare them with the room's clock"),
        )
    offset = clock.now.utcoffset() or timedelta()
    if offset == clock.local_offset:
        yield Light("zone", "ok", clock.zone)
    else:
        yield Light(
            "zone",
            "warn",
            say(f"школа: {clock.zone}, а у компьютера другой пояс", f"school: {clock.zone}, the computer has another"),
            say(f"станция пишет время школы; проверьте, что сейчас {clock.now:%H:%M}",
                f"the station writes the school's time; check that it is {clock.now:%H:%M}"),
        )  # fmt: skip


def _roster(roster: Roster) -> Light:
    if roster.error:
        return Light("roster", "bad", roster.error, say("исправьте список", "mend the roster"))
    told = say(f"в списке {roster.people}, в этой аудитории {roster.here}",
               f"{roster.people} on the roster, {roster.here} of this room")  # fmt: skip
    if roster.namesakes:
        alike = "; ".join(roster.namesakes)
        told += say(f"; похожие имена: {alike}", f"; names alike: {alike}")
    if not roster.here:
        advice = say("проверьте номер аудитории в списке и в [room] number", "check the room in roster and settings")
        return Light("roster", "warn", told, advice)
    return Light("roster", "ok", told)


def _microphone(microphone: Microphone) -> Light:
    if microphone.error or not (microphone.name or microphone.hears):
        told = microphone.error or say(f"нет «{microphone.wanted}»", f"“{microphone.wanted}” is not there")
        advice = say("подключите его; что есть, покажет station devices", "plug it in; see station devices")
        return Light("microphone", "bad", told, advice)
    told = microphone.name or microphone.wanted
    if microphone.hears is False:
        advice = say("подождите несколько секунд и обновите", "wait some seconds and look again")
        return Light("microphone", "warn", say(f"{told}: звука ещё нет", f"{told}: no sound yet"), advice)
    heard = say(", звук идёт", ", sound comes") if microphone.hears else ""
    return Light("microphone", "ok", f"{told}{heard}")


def _tested(facts: Facts) -> Light:
    tested, advice = facts.rehearsed, say("сделайте пробу, это минута", "make a test recording, it takes a minute")
    if tested is None:
        return Light("rehearsal", "bad", say("пробы звука не было", "there was no test recording"), advice)
    age = (facts.clock.now.date() - tested.at.date()).days
    told = say(f"проба {tested.at:%d.%m %H:%M}", f"test recording of {tested.at:%d.%m %H:%M}")
    words = {"pass": say("хорошо", "good"), "warn": say("сомнительно", "doubtful"), "fail": say("плохо", "bad")}
    told += f", {words[tested.grade]}" if tested.grade in words else ""
    if tested.accepted_by:
        told += say(f", принял(а) на слух {tested.accepted_by}", f", accepted by ear by {tested.accepted_by}")
    elif tested.grade == "fail":
        return Light("rehearsal", "bad", told, say("исправьте названное и повторите", "mend what is named and repeat"))
    if age > facts.valid_days:
        told += say(f", давняя: {age} дн.", f", {age} days old")
        return Light("rehearsal", "warn", told, advice)
    is_doubtful = tested.grade == "warn" and not tested.accepted_by
    listen = say("послушайте её", "listen to it") if is_doubtful else ""
    return Light("rehearsal", "warn" if is_doubtful else "ok", told, listen)


def _disk(disk: Disk) -> Light:
    code = "copy" if disk.is_copy else "disk"
    if disk.error:
        return Light(
            code, "bad", f"{disk.folder}: {disk.error}", say("проверьте диск и папку", "check disk and folder")
        )
    told = say(f"{disk.folder}: места на {disk.hours_left:.0f} ч", f"{disk.folder}: room for {disk.hours_left:.0f} h")
    short = disk.needed - disk.free
    if short > 0:
        return Light(
            code,
            "bad",
            told,
            say(f"освободите ещё {short / _GB:.1f} ГБ, иначе день не откроется",
                f"free {short / _GB:.1f} GB more, or the day does not open"),
        )  # fmt: skip
    return Light(code, "ok", told)


def _sleep(why: str) -> Light:
    if not why:
        return Light("sleep", "ok", say("пока идёт день, компьютер не заснёт", "it stays awake while the day is open"))
    told = say(f"сон не запретить: {why}", f"sleep cannot be kept off: {why}")
    return Light(
        "sleep", "warn", told, say("отключите спящий режим, не закрывайте крышку", "switch sleep off yourself")
    )


def _daemon(facts: Facts) -> Light:
    if facts.daemon:
        return Light("daemon", "ok", say("станция работает", "the station runs"))
    state: State = "bad" if facts.clock.now.date() == facts.exam_date else "warn"
    return Light("daemon", state, say("станция не запущена", "the station does not run"), "station run")


def _page(why: str | None) -> Iterator[Light]:
    if why is None:
        return
    if why:
        advice = say("запись идёт и без неё; задайте другой [web] port", "recording goes on; set another [web] port")
        yield Light("page", "warn", say(f"страница не отвечает: {why}", f"the page does not answer: {why}"), advice)
    else:
        yield Light("page", "ok", say("страница открывается", "the page answers"))


def _pedal(present: bool | None) -> Iterator[Light]:  # noqa: FBT001 - seen or not, or none
    """Nothing where none was learnt."""
    if present is None:
        return
    if present:
        yield Light("pedal", "ok", say("педаль подключена", "the pedal is plugged in"))
    else:
        advice = say("подключите её; без неё всё делается мышью", "plug it in; the mouse does all as well")
        yield Light("pedal", "warn", say("педаль не подключена", "the pedal is not plugged in"), advice)


def _delivery(delivery: Delivery | None) -> Light:
    if delivery is None:
        return Light("delivery", "off", say("отправка не настроена", "no delivery is set up"))
    if delivery.error:
        advice = say("проверьте [web] sync_config и права", "check [web] sync_config and its rights")
        return Light("delivery", "warn", delivery.error, advice)
    told = say(f"доставлено {delivery.delivered} из {delivery.files}", f"{delivery.delivered} of {delivery.files} sent")
    return Light("delivery", "ok", told)
