"""What keeps a day from being complete, each in one sentence that says what to do. Pure; called by `assembling`."""

from collections.abc import Iterator

from exam.regulation import Outcome
from exam.roster import Roster
from sync.plan import Reason
from sync.scans.model import Scans
from sync.school.cells import ENDED
from sync.school.decisions import FILE, Decisions
from sync.school.model import Fault, Mark, Room, Row, SchoolDay, Stage, Take

_ACTS = {Outcome.EARLY_END: "прил. 10", Outcome.REMOVED: "прил. 13"}


def of_decisions(decisions: Decisions) -> Iterator[Fault]:
    """What the organizer decided and cannot be read any more."""
    if decisions.torn:
        lines = ", ".join(map(str, decisions.torn))
        yield Fault(
            "damaged",
            Reason(
                f"решения Штаба ({FILE}): строки {lines} не читаются, остальные целы. Проверьте отметки и выбор "
                "записей этого дня, внесите недостающее заново и удалите эти строки",
                f"decisions of the headquarters ({FILE}): lines {lines} cannot be read, the others are whole. Check "
                "this day's outcomes and chosen recordings, tell what lacks anew, and delete these lines",
            ),
            file=FILE,
        )


def of_rooms(day: SchoolDay, roster: Roster, decisions: Decisions) -> Iterator[Fault]:
    """Rooms of which too little is known."""
    known = {room.number: room for room in day.rooms}
    wanted = dict.fromkeys([*known, *(person.room for person in roster.values() if person.room)])
    for number in wanted:
        if number in decisions.settled:
            continue
        if number not in known:
            yield _of_room(
                "no_record_of_room", number,
                "из неё ничего не получено: проверьте станцию и связь или принесите накопитель",
                "nothing has come from it: check the station and the network, or bring a drive",
            )  # fmt: skip
        else:
            yield from _of_known(known[number], day)


def of_people(day: SchoolDay, roster: Roster) -> Iterator[Fault]:
    """Participants of whom something lacks, and papers of the whole school."""
    for row in day.rows:
        if row.person.number not in roster:
            yield _of(row, "not_listed", "номера нет в списке школы: исправьте список или перенесите запись",
                      "the number is not on the school's list: mend the list or reassign the recording")  # fmt: skip
        else:
            yield from _of_identity(row)
        yield from _of_recording(row)
        yield from _of_papers(row, day)
    if day.papers_way == "scans" and not any(paper.kind == "form_c1" for paper in day.papers):
        yield Fault(
            "no_form_c1",
            Reason(
                "нет скана формы С-1: положите его в папку сканов", "form С-1 is not scanned: put it among the scans"
            ),
        )


def of_scans(day: SchoolDay, scans: Scans) -> Iterator[Fault]:
    """Scans that are nobody's paper yet, or no paper at all; none where papers travel by hand."""
    if day.papers_way == "by_hand":
        return
    for problem in scans.problems:
        reason = problem.reason
        if problem.file:
            reason = Reason(f"скан {problem.file}: {reason.ru}", f"scan {problem.file}: {reason.en}")
        yield Fault(f"scan_{problem.code}", reason, participant=problem.participant, file=problem.file)
    for scan in scans.unassigned:
        yield _of_scan("scan_unknown", scan.file, "чей это протокол, неизвестно: назначьте его участнику или отложите",
                       "nobody knows whose protocol it is: assign it, or set it aside")  # fmt: skip
    for file in scans.waiting:
        yield _of_scan("scan_waiting", file, "ещё копируется или не просмотрен: подождите",
                       "still being copied, or not looked at yet: wait")  # fmt: skip


def _of_scan(code: str, file: str, ru: str, en: str) -> Fault:
    return Fault(code, Reason(f"скан {file}: {ru}", f"scan {file}: {en}"), file=file)


def _of_known(room: Room, day: SchoolDay) -> Iterator[Fault]:
    if not room.is_closed:
        yield _of_room(
            "room_open", room.number,
            "день в ней не закончен, отметки о неявке и исходах могли не дойти: закройте день на станции или "
            "подтвердите за неё",
            "its day was not closed, outcomes may be missing: close it at the station or answer for it",
        )  # fmt: skip
    if (room.recording or day.recording) == "personal" or not day.streams:
        return
    if room.streams_lacking:
        names = ", ".join(room.streams_lacking)
        yield _of_room(
            "no_stream", room.number,
            f"потоковой записи здесь нет, или файл испорчен ({names}): дождитесь отправки или принесите накопитель",
            f"stream recordings are not here, or damaged ({names}): wait until they have come, or bring a drive",
        )  # fmt: skip
    elif not room.streams:
        yield _of_room(
            "no_stream", room.number, "нет потоковой записи: дождитесь отправки или принесите накопитель",
            "no stream recording: wait until it has come, or bring a drive",
        )  # fmt: skip


def _of_identity(row: Row) -> Iterator[Fault]:
    other = row.other_person
    if other is not None:
        yield _of(
            row, "other_person",
            f"в аудитории под этим номером был(а) {other.full_name}. Если номера в списке сдвинулись, верните список, "
            "с которым шёл экзамен; если исправлено имя, подтвердите: выберите запись или отметьте исход в Штабе",
            f"the room knew {other.full_name} by this number. If numbers were moved, put back the list the exam was "
            "held with; if a name was mended, confirm it: choose the recording, or note the outcome here",
        )  # fmt: skip


def _of_recording(row: Row) -> Iterator[Fault]:
    recorded, accepted, hashed = (row.cells[stage] for stage in (Stage.RECORDED, Stage.ACCEPTED, Stage.HASHED))
    if recorded.mark is Mark.NO:
        yield _of(row, "no_recording", "нет ни записи, ни отметки: найдите запись или отметьте причину",
                  "neither a recording nor a mark: find the recording or note why there is none")  # fmt: skip
    elif accepted.mark is Mark.NO and row.take is not None and row.take.decision in ENDED:
        yield _of(row, "not_accepted", "запись прервана исходом, а отметки о нём нет: отметьте его или примите запись",
                  "an outcome ended the recording, and is not noted: note it, or choose the recording")  # fmt: skip
    elif accepted.mark is Mark.NO:
        yield _of(row, "not_accepted", "запись никто не принял: послушайте её и примите или назначьте повтор",
                  "nobody accepted the recording: listen and accept it, or let it be repeated")  # fmt: skip
    if recorded.mark is Mark.YES and hashed.mark is Mark.NO and accepted.mark is not Mark.NO:
        yield _of(row, "no_file", "запись есть в аудитории, но файла здесь нет: дождитесь или принесите накопитель",
                  "it was recorded, but the file is not here: wait, or bring a drive")  # fmt: skip
    if row.said is not None and row.said.outcome is Outcome.ABSENT and row.takes:
        yield _of(row, "absent_but_recorded", "отмечена неявка, а запись есть: снимите отметку или перенесите запись",
                  "marked absent, yet recorded: take the mark back or reassign the recording")  # fmt: skip
    yield from _of_takes(row)


def _of_takes(row: Row) -> Iterator[Fault]:
    accepted = [take for take in row.takes if take.decision == "accepted"]
    is_one_name = len({take.stem for take in accepted}) < len(accepted)  # of two computers with the same number
    if len(accepted) > 1 and not row.by_hand and not _is_cut_anew(accepted):
        begun = ", ".join(f"{take.started_at:%H:%M:%S}" for take in accepted)
        which_ru = f"; имя у них одно, начаты в {begun}: station-sync package choose --started" if is_one_name else ""
        which_en = (
            f"; they bear one name, begun at {begun}: station-sync package choose --started" if is_one_name else ""
        )
        yield _of(row, "two_accepted",
                  f"приняты две записи (ауд. {_rooms(accepted)}): выберите, какая идёт в комплект{which_ru}",
                  f"two recordings are accepted (rooms {_rooms(accepted)}): choose which counts{which_en}")  # fmt: skip
    variants = [take.variant for take in row.takes if take.variant and not _is_of_an_earlier_talk(take)]
    if len(variants) != len(set(variants)) and not row.by_hand:
        yield _of(row, "same_variant",
                  "повтор по тому же варианту: проверьте его номер в записях; если КИМ показать не успели, подтвердите "
                  "это: выберите запись",
                  "repeated with the same variant: check it in the recordings; if the task had not been shown yet, "
                  "confirm it: choose the recording")  # fmt: skip


def _is_cut_anew(accepted: list[Take]) -> bool:
    """Whether the last was cut from the stream by a person to stand for the others of its computer."""
    return "recut" in accepted[-1].flags and len({(take.room, take.station) for take in accepted}) == 1


def _is_of_an_earlier_talk(take: Take) -> bool:
    """Cut from the stream, or brought from another recorder: the same talk once more, so the same variant."""
    return "recut" in take.flags or take.source != "microphone"


def _of_papers(row: Row, day: SchoolDay) -> Iterator[Fault]:
    if row.cells[Stage.SCANNED].mark is Mark.NO:
        yield _of(row, "no_protocol", "нет скана протокола эксперта (нужен и при неявке): положите его в папку сканов",
                  "the expert's protocol is not scanned (one is due for the absent, too)")  # fmt: skip
    act = _ACTS.get(row.said.outcome) if row.said else None
    has_act = any(paper.kind == "act" and paper.participant == row.person.number for paper in day.papers)
    if act and not has_act and day.papers_way == "scans":
        yield _of(row, "no_act", f"нет скана акта ({act})", f"the act is not scanned ({act})")


def _rooms(takes: list[Take]) -> str:
    return ", ".join(dict.fromkeys(take.room for take in takes))


def _of(row: Row, code: str, ru: str, en: str) -> Fault:
    who = f"№ {row.person.number} {row.person.full_name}"
    return Fault(code, Reason(f"{who}: {ru}", f"{who}: {en}"), participant=row.person.number)


def _of_room(code: str, number: str, ru: str, en: str) -> Fault:
    return Fault(code, Reason(f"аудитория {number}: {ru}", f"room {number}: {en}"), room=number)
