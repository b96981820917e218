"""How the centre's pages look: all schools, checks, the entrance, refusals. Pure; a school's own: `views_school`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from urllib.parse import urlencode

from sync.exchange.centre.addresses import BASE, ENTRANCE, STYLE, school_path
from sync.exchange.centre.checking import Check
from sync.exchange.centre.markup import Html, document, join, tag
from sync.exchange.centre.overview import Everything
from sync.exchange.centre.sessions import Session
from sync.exchange.centre.words import Standing, Summary

STANDINGS: Mapping[Standing, str] = {
    Standing.NOTHING: "ничего не пришло",
    Standing.ARRIVING: "комплект не передан",
    Standing.LACKING: "пришло не всё",
    Standing.DISAGREES: "расхождения",
    Standing.INCOMPLETE: "передан неполным",
    Standing.COMPLETE: "полный",
}
_DONE = {Standing.COMPLETE}
_TITLE = "РЦОИ: записи и комплекты школ"
_AGAIN_S = 3
_WORDS = ("Школа", "Название", "Состояние")
_COUNTS = ("Ауд.", "Участн.", "Записаны", "Приняты", "Протоколы", "В РЦОИ", "Версия", "Не пришло", "Расхожд.",
           "Отказы")  # fmt: skip


def entrance(told: str = "") -> Html:
    form = tag(
        "form",
        tag("h1", "РЦОИ: вход"),
        tag("p", told, class_="told", role="alert") if told else None,
        tag("label", "Имя", for_="name"),
        tag("input", name="name", id="name", autocomplete="username", required="required", autofocus="autofocus"),
        tag("label", "Пароль", for_="password"),
        tag("input", name="password", id="password", type="password", autocomplete="current-password",
            required="required"),
        tag("button", "Войти", class_="main"),
        method="post", action=ENTRANCE, class_="entrance",
    )  # fmt: skip
    return document(_TITLE, STYLE, form)


def refusal(title: str, text: str) -> Html:
    """What is told when something cannot be done."""
    back = tag("p", tag("a", "К списку школ", href=BASE))
    return document(title, STYLE, tag("main", tag("h1", title), tag("p", text), back))


def page(title: str, session: Session, *body: object, again_s: int | None = None) -> Html:
    """A page for somebody who has signed in."""
    top = tag(
        "header",
        tag("strong", "РЦОИ"),
        tag("a", "Все школы", href=BASE),
        tag("a", "Проверки хранилища", href=f"{BASE}/checks"),
        tag("span", session.operator, class_="who"),
        button("Выйти", f"{BASE}/logout", session),
        class_="top",
    )
    return document(title, STYLE, top, tag("main", *body), again_s=again_s)


def button(word: str, action: str, session: Session, **fields: str) -> Html:
    """One button that does something."""
    hidden = [tag("input", type="hidden", name=name, value=value) for name, value in fields.items()]
    csrf = tag("input", type="hidden", name="csrf", value=session.csrf)
    return tag("form", csrf, hidden, tag("button", word), method="post", action=action)


def schools(everything: Everything, exam_date: date | None, session: Session, *, only_lacking: bool) -> Html:
    """All schools on one day."""
    stale = _stale(everything)
    again_s = _AGAIN_S if everything.stale else None
    if exam_date is None:
        listed = tag("ul", [tag("li", code) for code in everything.schools])
        nothing = None if everything.stale else tag("p", "Ни одна школа ещё ничего не прислала. Заведены:")
        return page(_TITLE, session, tag("h1", "Все школы"), stale, nothing, listed, again_s=again_s)
    lines = everything.of(exam_date)
    shown = [line for line in lines if not (only_lacking and line.standing in _DONE)]
    complete = sum(line.standing in _DONE for line in lines)
    body = (
        tag("h1", f"Экзамен {exam_date:%d.%m.%Y}: полны {complete} из {len(lines)} школ"),
        _days(everything, exam_date),
        _tools(exam_date, session, only_lacking=only_lacking, lacking=len(lines) - complete),
        stale,
        _table(shown),
    )
    return page(_TITLE, session, *body, again_s=again_s)


def checks(under_way: Check | None, past: Sequence[Check], session: Session) -> Html:
    """What was re-hashed, and what is being."""
    now: object = tag("p", "Сейчас ничего не проверяется. Проверку одной школы начинают с её страницы.")
    start: object = button("Проверить всё хранилище", f"{BASE}/checks", session)
    if under_way is not None:
        told = f"{scope_in_words(under_way)}: {under_way.files + under_way.faults} из {under_way.total_files} файлов"
        share = f"{under_way.size / 1e9:.1f} из {under_way.total_size / 1e9:.1f} ГБ, ошибок {under_way.faults}"
        now = tag("p", tag("progress", value=under_way.files + under_way.faults, max=max(1, under_way.total_files)),
                  f" {told}, {share}", role="status")  # fmt: skip
        start = button("Остановить", f"{BASE}/checks/stop", session)
    rows = [_checked(one) for one in past]
    head = _head("Что проверено", "Начата", "Закончена", "Файлов целы", "Ошибок", "Кто", "Что не так")
    table = tag("table", head, tag("tbody", rows)) if rows else tag("p", "Проверок ещё не было.")
    lead = tag("p", "Каждый принятый файл читается с диска заново, его SHA-256 сравнивается с квитанцией. Приём файлов "
                    "при этом идёт как обычно.", class_="soft")  # fmt: skip
    body = (tag("h1", "Проверки хранилища"), lead, now, tag("div", start, class_="bar"), tag("h2", "Прошлые проверки"))
    return page("Проверки хранилища", session, *body, table, again_s=_AGAIN_S if under_way else None)


def scope_in_words(check: Check) -> str:
    if check.school is None:
        return "всё хранилище"
    return f"школа {check.school}" + (f", {check.exam_date:%d.%m.%Y}" if check.exam_date else "")


def standing(word: Standing) -> Html:
    return tag("span", STANDINGS[word], class_=f"standing {word}")


def moment(at: datetime | None) -> str:
    """By this server's clock."""
    return f"{at.astimezone():%d.%m.%Y %H:%M}" if at else "—"


def _stale(everything: Everything) -> Html | None:
    if not everything.stale:
        return None
    told = f"Сведения обновляются: ещё школ: {len(everything.stale)}. Страница дополнится сама."
    return tag("p", told, class_="calm", role="status")


def _days(everything: Everything, exam_date: date) -> Html:
    links = []
    for day, lines in sorted(everything.days.items(), reverse=True):
        told = f"{day:%d.%m.%Y} ({len(lines)})"
        links.append(tag("span", told, class_="here") if day == exam_date
                     else tag("a", told, href=f"{BASE}?{urlencode({'date': day.isoformat()})}"))  # fmt: skip
    return tag("div", "Дни (школ):", links, class_="bar")


def _tools(exam_date: date, session: Session, *, only_lacking: bool, lacking: int) -> Html:
    day = {"date": exam_date.isoformat()}
    everyone, few = f"{BASE}?{urlencode(day)}", f"{BASE}?{urlencode(day | {'show': 'lacking'})}"
    word = f"Только неполные ({lacking})"
    return tag(
        "div",
        tag("a", "Показать все", href=everyone) if only_lacking else tag("a", word, href=few),
        tag("a", "Матрица CSV", href=f"{BASE}/matrix.csv?{urlencode(day)}"),
        tag("a", "Матрица и списки ZIP", href=f"{BASE}/matrix.zip?{urlencode(day)}"),
        button("Проверить файлы дня", f"{BASE}/checks", session, date=exam_date.isoformat()),
        class_="bar",
    )


def _table(lines: Sequence[Summary]) -> Html:
    counts = [tag("th", name, class_="n") for name in _COUNTS]
    head = tag("thead", tag("tr", [tag("th", name) for name in _WORDS], counts, tag("th", "Последний файл")))
    return tag("table", head, tag("tbody", [_line(line) for line in lines]), tag("tfoot", _total(lines)))


def _line(line: Summary) -> Html:
    if line.standing is Standing.NOTHING:
        return tag("tr", tag("td", line.school, class_="s"), tag("td"), tag("td", standing(line.standing), class_="s"),
                   [tag("td", class_="n")] * len(_COUNTS), tag("td"))  # fmt: skip
    version = f"{line.version}" if line.version is not None else "—"
    return tag(
        "tr",
        tag("td", tag("a", line.school, href=school_path(line.school, line.exam_date)), class_="s"),
        tag("td", line.school_name),
        tag("td", standing(line.standing), class_="s"),
        [tag("td", count, class_="n") for count in (line.rooms, line.expected, line.recorded, line.accepted,
                                                    line.scanned, line.received, version)],
        [tag("td", tag("span", count, class_="mark no") if count else "", class_="n")
         for count in (line.missing, line.disagreeing, line.refused + line.oddities)],
        tag("td", moment(line.last_arrival), class_="t"),
    )  # fmt: skip


def _total(lines: Sequence[Summary]) -> Html:
    sums = [sum(getattr(line, name) for line in lines)
            for name in ("rooms", "expected", "recorded", "accepted", "scanned", "received")]  # fmt: skip
    released = sum(line.version is not None for line in lines)
    rest = [sum(getattr(line, name) for line in lines) for name in ("missing", "disagreeing")]
    refused = sum(line.refused + line.oddities for line in lines)
    cells = [tag("td", count, class_="n") for count in (*sums, released, *rest, refused)]
    return tag("tr", tag("td", "Всего"), tag("td", f"школ: {len(lines)}"), tag("td"), cells, tag("td"))


def _head(*names: str) -> Html:
    return tag("thead", tag("tr", [tag("th", name) for name in names]))


def _checked(one: Check) -> Html:
    wrong = [tag("li", tag("code", each.place), " — ", each.reason.ru) for each in one.wrong]
    ended = moment(one.ended_at) + (" (остановлена)" if one.stopped else "")
    return tag(
        "tr",
        tag("td", scope_in_words(one)),
        tag("td", moment(one.began_at), class_="t"),
        tag("td", ended),
        tag("td", one.files, class_="n"),
        tag("td", tag("span", one.faults, class_="mark no" if one.faults else "mark"), class_="n"),
        tag("td", one.by),
        tag("td", tag("ul", wrong, class_="notes") if wrong else "—"),
    )


def lines_of(words: Sequence[object]) -> Html:
    """A list of sentences; nothing for none."""
    return tag("ul", [tag("li", word) for word in words], class_="notes") if words else join()
