"""How one school's day looks: rooms, participants, versions of the package, files. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sync.exchange.centre.addresses import BASE, school_path
from sync.exchange.centre.markup import Html, tag
from sync.exchange.centre.sessions import Session
from sync.exchange.centre.tables import STAGES
from sync.exchange.centre.views import button, moment, page, standing
from sync.exchange.centre.words import (
    DECISIONS,
    OUTCOMES,
    Arrived,
    CentreDay,
    CentreRow,
    Pair,
    SetAside,
    TakeHere,
    Version,
)
from sync.plan import Reason
from sync.school.model import Cell, Mark

_SIGNS = {Mark.YES: "✓", Mark.NO: "✕", Mark.OPEN: "…", Mark.NOT_NEEDED: "–"}
_MEANINGS = {Mark.YES: "да", Mark.NO: "нет", Mark.OPEN: "в пути", Mark.NOT_NEEDED: "законно нет"}
_NO_ROOM = ""
_SHOWN, _MOST_LISTED = 8, 500
_MOST_FILES_SHOWN = 3_000


def day(found: CentreDay, dates: Sequence[date], session: Session) -> Html:
    """One school's day."""
    title = f"Школа {found.school}, {found.exam_date:%d.%m.%Y}"
    return page(
        title, session,
        tag("h1", found.school, " ", found.school_name, " · ", f"{found.exam_date:%d.%m.%Y}"),
        _days(found, dates),
        _package(found),
        _tools(found, session),
        _troubles(found),
        _legend() if found.rows else None,
        _rooms(found),
    )  # fmt: skip


def versions(found: CentreDay, changes: Sequence[tuple[Version, Sequence[Reason]]], session: Session) -> Html:
    """The versions of a package, latest first, each with what changed since the one before."""
    sections = []
    for version, changed in reversed(changes):
        unchanged = "Первая." if version.version == 1 else "Изменений против предыдущей нет."
        sections += [
            tag("h2", f"Версия {version.version}", " — действует" if version.stands else ""),
            tag("p", f"Передал(а): {version.by}; {moment(version.released_at)}; пришла "
                     f"{moment(version.file.stored_at)}."),
            tag("p", f"Передан неполным: {version.incomplete}", class_="note") if version.incomplete else None,
            tag("p", tag("code", version.file.name), " ", tag("code", version.file.sha256)),
            _listed([one.ru for one in changed]) if changed else _soft(unchanged),
        ]  # fmt: skip
    nothing = tag("p", "Комплект ещё не передан.")
    return page(f"Версии комплекта: {found.school}", session, tag("h1", f"Версии комплекта школы {found.school}, "
                f"{found.exam_date:%d.%m.%Y}"), _back(found), sections or nothing)  # fmt: skip


def files(found: CentreDay, others: tuple[Sequence[Arrived], Sequence[SetAside]], session: Session) -> Html:
    """Everything that came of the day, with its receipts; what was refused; what belongs to no day."""
    undated, aside = others
    cut = tag("p", f"Показаны первые {_MOST_FILES_SHOWN} из {len(found.files)}; все — в ZIP на странице школы.",
              class_="calm") if len(found.files) > _MOST_FILES_SHOWN else None  # fmt: skip
    return page(
        f"Файлы: {found.school}", session,
        tag("h1", f"Файлы школы {found.school}, {found.exam_date:%d.%m.%Y}"),
        _back(found),
        tag("h2", f"Не приняты: {len(found.set_aside)}"),
        _set_aside(found.set_aside),
        tag("h2", f"Приняты: {len(found.files)}"),
        cut,
        _files(found.files[:_MOST_FILES_SHOWN]),
        [tag("h2", f"Вне дней экзамена: {len(undated) + len(aside)}"), _files(undated[:_MOST_LISTED]),
         _set_aside(aside[:_MOST_LISTED])] if undated or aside else None,
    )  # fmt: skip


def _days(found: CentreDay, dates: Sequence[date]) -> Html | None:
    others = [one for one in dates if one != found.exam_date]
    if not others:
        return None
    links = [tag("a", f"{one:%d.%m.%Y}", href=school_path(found.school, one)) for one in others]
    return tag("div", "Другие дни:", links, class_="bar")


def _package(found: CentreDay) -> Html:
    package, size = found.package, sum(file.size for file in found.files)
    last = max((file.stored_at for file in found.files), default=None)
    files_told = f"Файлов принято: {len(found.files)} ({size / 1e6:.1f} МБ), последний {moment(last)}."
    if package is None:
        told = "Комплект школой ещё не передан: видно то, что пришло из аудиторий."
    else:
        told = f"Комплект: версия {package.version}, передал(а) {package.by} {moment(package.released_at)}."
    incomplete = package.incomplete if package else None
    return tag(
        "div",
        tag("p", standing(found.standing), " ", told, " ", files_told),
        tag("p", f"Передан неполным, пояснение школы: {incomplete}", class_="note") if incomplete else None,
    )


def _tools(found: CentreDay, session: Session) -> Html:
    def address(more: str) -> str:
        return school_path(found.school, found.exam_date, more)

    return tag(
        "div",
        tag("a", f"Версии комплекта ({len(found.versions)})", href=address("/versions")),
        tag("a", f"Файлы и квитанции ({len(found.files)})", href=address("/files")),
        tag("a", "Матрица CSV", href=address("/matrix.csv")),
        tag("a", "Матрица и списки ZIP", href=address("/matrix.zip")),
        button("Проверить файлы", f"{BASE}/checks", session, school=found.school, date=found.exam_date.isoformat()),
        class_="bar",
    )


def _troubles(found: CentreDay) -> Iterator[Html | None]:
    refused = [f"{one.path}: {one.reason.ru}" for one in found.set_aside]
    odd = [f"{one.file}: {one.reason.ru}" if one.file else one.reason.ru for one in found.oddities]
    differing = [
        f"№ {row.person.number} {row.full_name}: {_differences(row)}" for row in found.rows if not row.is_agreed
    ]
    for heading, lines in (
        ("Расхождения между школой и РЦОИ", differing),
        ("Названо в комплекте, но не пришло", list(found.missing)),
        ("Замечания самой школы", [fault.reason.ru for fault in found.faults]),
        ("Не приняты: присланное повреждено", refused),
        ("Пришло, но учесть нельзя", odd),
    ):
        if lines:
            yield tag("h2", f"{heading}: {len(lines)}")
            yield _listed(lines)


def _differences(row: CentreRow) -> str:
    return "; ".join(
        f"{STAGES[stage]} — школа: {_meaning(pair.school)}, РЦОИ: {_meaning(pair.centre)}"
        for stage, pair in row.cells.items()
        if not pair.agrees
    )


def _meaning(cell: Cell | None) -> str:
    if cell is None:
        return "участника в комплекте нет"
    return _MEANINGS[cell.mark] + (f" ({cell.reason.ru})" if cell.reason else "")


def _legend() -> Html:
    signs = [[tag("span", tag("span", _SIGNS[mark], class_=f"mark {mark}"), f" {word}"), ", "]
             for mark, word in _MEANINGS.items()]  # fmt: skip
    return tag("p", "В клетке слева слово школы, справа то, что РЦОИ нашёл в принятых файлах; один знак — дошло уже "
               "после слов школы: ", signs, "красная рамка: не сходится.", class_="soft legend")  # fmt: skip


def _rooms(found: CentreDay) -> Iterator[Html]:
    by_room: dict[str, list[CentreRow]] = {room: [] for room in found.rooms}
    for row in found.rows:
        for room in row.rooms or (_NO_ROOM,):
            by_room.setdefault(room, []).append(row)
    places = {room: f"r{place}" for place, room in enumerate(by_room)}
    for room, rows in by_room.items():
        title = f"Аудитория {room}" if room else "Аудитория не указана"
        yield tag("h2", f"{title}: {len(rows)}", id=places[room])
        if rows:
            yield _room(room, rows, places)


def _room(room: str, rows: Sequence[CentreRow], places: Mapping[str, str]) -> Html:
    names = ("№", "Участник", "Класс", "Отметка", "Вар.", *(word.capitalize() for word in STAGES.values()), "Записи")
    head = tag("thead", tag("tr", [tag("th", "В РЦОИ" if name == "В рцои" else name) for name in names]))
    return tag("table", head, tag("tbody", [_row(room, row, places) for row in rows]))


def _row(room: str, row: CentreRow, places: Mapping[str, str]) -> Html:
    notes = [tag("div", note.ru, class_="note") for note in row.notes]
    home = next((take.room for take in row.takes if take.stands), row.rooms[-1] if row.rooms else _NO_ROOM)
    lead = (tag("td", row.person.number, class_="n"), tag("td", row.full_name, notes), tag("td", row.person.class_name))
    takes = tag("td", [_take(take, room, places) for take in row.takes])
    if room != home and row.rooms:
        there = tag("a", f"засчитана запись из аудитории {home}", href=f"#{places.get(home, '')}")
        return tag("tr", *lead, tag("td", there, colspan=2 + len(STAGES)), takes)
    outcome = OUTCOMES[row.outcome] if row.outcome else ""
    squares = [_square(row.cells[stage]) for stage in STAGES]
    return tag("tr", *lead, tag("td", outcome), tag("td", row.variant or "", class_="c"), squares, takes)


def _square(pair: Pair) -> Html:
    came_since = (
        pair.agrees and pair.centre.mark is Mark.YES and pair.school is not None and pair.school.mark is not Mark.YES
    )
    marks = _sign(pair.centre) if came_since else [_sign(pair.school), " ", _sign(pair.centre)]
    why = "; ".join(f"{who}: {cell.reason.ru}" for who, cell in (("школа", pair.school), ("РЦОИ", pair.centre))
                    if cell and cell.reason)  # fmt: skip
    return tag("td", marks, class_="c" if pair.agrees else "c differs", title=why or None)


def _sign(cell: Cell | None) -> Html:
    return tag("span", _SIGNS[cell.mark], class_=f"mark {cell.mark}") if cell else tag("span", "", class_="mark")


def _take(take: TakeHere, room: str, places: Mapping[str, str]) -> Html:
    where = take.room if take.room == room else tag("a", take.room, href=f"#{places.get(take.room, '')}")
    number = f", дубль {take.number}" if take.number > 1 else ""
    variant = f", вар. {take.variant}" if take.variant else ""
    told = f"{number}{variant}, {take.started_at:%H:%M}, {DECISIONS.get(take.decision, take.decision)}"
    here = "" if take.here else tag("span", "файла нет", class_="mark no")
    return tag("div", "● " if take.stands else "", "ауд. ", where, told, " ", here)


def _listed(lines: Sequence[str]) -> Html:
    """A few at once, the rest when asked for."""
    first, more, cut = lines[:_SHOWN], lines[_SHOWN:_MOST_LISTED], len(lines) - _MOST_LISTED
    if not more:
        return _items(first)
    rest = _items([*more, f"… и ещё {cut}"] if cut > 0 else more)
    return tag("div", _items(first), tag("details", tag("summary", f"Ещё {len(lines) - _SHOWN}"), rest))


def _items(lines: Sequence[str]) -> Html:
    return tag("ul", [tag("li", line) for line in lines], class_="notes")


def _set_aside(found: Sequence[SetAside]) -> Html:
    if not found:
        return _soft("Таких нет.")
    rows = [
        tag("tr", tag("td", one.folder), tag("td", one.name), tag("td", one.size, class_="n"),
            tag("td", one.reason.ru))
        for one in found
    ]  # fmt: skip
    return tag("table", _head("Папка", "Файл", "Байт", "Почему"), tag("tbody", rows))


def _files(found: Sequence[Arrived]) -> Html:
    rows = [
        tag("tr", tag("td", one.folder), tag("td", one.name), tag("td", one.size, class_="n"),
            tag("td", moment(one.stored_at), class_="t"), tag("td", tag("code", one.receipt_id)),
            tag("td", tag("code", one.sha256)))
        for one in found
    ]  # fmt: skip
    return tag("table", _head("Папка", "Файл", "Байт", "Принят", "Квитанция", "SHA-256"), tag("tbody", rows))


def _soft(text: str) -> Html:
    return tag("p", text, class_="soft")


def _head(*names: str) -> Html:
    return tag("thead", tag("tr", [tag("th", name) for name in names]))


def _back(found: CentreDay) -> Html:
    return tag(
        "p",
        tag(
            "a", f"← Школа {found.school}, {found.exam_date:%d.%m.%Y}", href=school_path(found.school, found.exam_date)
        ),
    )
