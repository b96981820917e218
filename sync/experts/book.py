"""The experts' book: what a person orders, checked and remembered. One line a call, synced before it is answered.

Called by `commands`. Only ever added to; what is on record is never taken back but by another record.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from exam import durable
from exam.calendar import checking_ends
from exam.errors import Fatal, Rejected
from sync.experts.dealing import Voice, deal, seconded
from sync.experts.records import (
    Appealed,
    Copied,
    Distributed,
    Event,
    Exported,
    Given,
    Holding,
    Reassigned,
    Returned,
    Standing,
    folded,
    standing,
)
from sync.lines import Lines

FILE = "experts.jsonl"
_WORDS_AT_MOST = 500
_NAME_AT_MOST = 100

Now = Callable[[], datetime]


class Book:
    """The records of one exam date in the state folder. Whoever orders something holds `turn`."""

    def __init__(self, state: Path, exam_date: date, now: Now) -> None:
        self._path, self._exam_date, self._now = state / FILE, exam_date, now
        self._lines: Lines[Event] = Lines(self._path, Event)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One order at a time: what it was decided on still stands when it is noted."""
        durable.make_folder(self._path.parent, mode=0o700)
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def standing(self) -> Standing:
        """How the distribution stands. Raises Fatal for lines that cannot be read: who has what would be a guess."""
        events, torn = self._lines.read()
        if torn:
            lines = ", ".join(map(str, torn))
            raise Fatal(
                f"{self._path}: строки {lines} не читаются, остальные целы. Восстановите файл из копии или удалите эти "
                "строки и сверьте распределение по бумагам.",
                f"{self._path}: lines {lines} cannot be read, the others are whole. Restore the file from a copy, or "
                "delete these lines and compare the distribution on paper.",
                code="torn_lines",
            )
        return standing(events, self._exam_date)

    def distribute(
        self,
        found: Sequence[Voice],
        experts: Sequence[str],
        *,
        due: date | None = None,
        second: str | None = None,
        participants: Sequence[int] = (),
    ) -> tuple[Given, ...]:
        """Give what is not given yet to `experts` (none: those known); `participants` also to the `second` reader.

        What is newly given. Raises Rejected.
        """
        now = self.standing()
        named = [now.known(name) or name for name in experts] or list(now.experts)
        if not named:
            raise Rejected(
                'Назовите экспертов: station-sync experts distribute --experts "Петрова А. А., Сидоров Б. Б."',
                'Name the experts: station-sync experts distribute --experts "NAME, NAME"',
                code="no_experts",
            )
        self._check_due(due)
        apart = dict.fromkeys(participants, second) if second else {}
        given = deal(found, now, named, apart)
        if second:
            given += self._seconded(found, given, now.known(second) or second, participants, now)
        if given or (due is not None and due != now.due) or any(now.known(name) is None for name in named):
            self._add(Distributed(self._exam_date, self._now(), due, tuple(named), tuple(given)))
        return tuple(given)

    def reassign(self, participant: int, to: str, reason: str, expert: str | None = None) -> Reassigned | None:
        """Move the participant's recording to another expert; None when it is there. Raises Rejected."""
        now = self.standing()
        to = now.known(to) or name_of(to)
        readers = [each.given.expert for each in now.readers(participant)]
        if not readers:
            raise _not_given(participant)
        if folded(to) in map(folded, readers):
            if len(readers) == 1:
                return None
            raise _reads_already(participant, to)
        if expert is None and len(readers) > 1:
            names = ", ".join(readers)
            raise Rejected(
                f"Участника № {participant} слушают двое: {names}. Скажите, у кого забрать: --from ИМЯ.",
                f"Participant {participant} has two readers: {names}. Say from whom: --from NAME.",
                code="two_readers",
            )
        holder = next((name for name in readers if expert is None or folded(name) == folded(expert)), None)
        if holder is None:
            raise _not_given(participant)
        moved = Reassigned(self._exam_date, self._now(), participant, holder, to, words(reason, "--reason"))
        self._add(moved)
        return moved

    def returned(self, expert: str, participants: Sequence[int] | None) -> tuple[int, ...]:
        """The expert handed these protocols back, None: all; those that are new. Raises Rejected."""
        now = self.standing()
        holdings = self._known_holdings(now, expert)
        theirs = {each.given.participant for each in holdings}
        wanted = theirs if participants is None else set(participants)
        if strangers := sorted(wanted - theirs):
            numbers = ", ".join(map(str, strangers))
            raise Rejected(
                f"У эксперта {expert} нет записей участников № {numbers}. Ничего не записано; у кого что — "
                "station-sync experts status.",
                f"{expert} has no recordings of participants {numbers}. Nothing was noted; who has what: "
                "station-sync experts status.",
                code="not_theirs",
            )
        waiting = sorted(
            {
                each.given.participant
                for each in holdings
                if each.returned_at is None and each.given.participant in wanted
            }
        )
        if waiting:
            self._add(Returned(self._exam_date, self._now(), holdings[0].given.expert, tuple(waiting)))
        return tuple(waiting)

    def exported(self, expert: str, folder: Path, page: str, files: Iterable[Copied]) -> None:
        """Note, before it is done, what goes to the expert."""
        self._add(Exported(self._exam_date, self._now(), expert, str(folder), page, tuple(files)))

    def appealed(
        self, participant: int, *, reason: str, by: str, folder: Path, page: str, files: Iterable[Copied]
    ) -> None:
        """Note, before it is done, that the participant's recordings go to another commission."""
        number = max((each.number for each in self.standing().appeals), default=0) + 1
        self._add(
            Appealed(
                self._exam_date, self._now(), number, participant, words(reason, "--reason"), name_of(by), str(folder),
                page, tuple(files),
            )
        )  # fmt: skip

    def holder(self, expert: str) -> tuple[str, tuple[Given, ...]]:
        """The expert as first named, and what they have. Raises Rejected when that is nothing."""
        holdings = self._known_holdings(self.standing(), expert)
        return holdings[0].given.expert, tuple(each.given for each in holdings)

    def _known_holdings(self, now: Standing, expert: str) -> tuple[Holding, ...]:
        if holdings := now.of(expert):
            return holdings
        names = ", ".join(now.experts) or "—"
        raise Rejected(
            f"Эксперту «{expert}» ничего не отдано. Известны: {names}.",
            f"Nothing was given to “{expert}”. Known are: {names}.",
            code="unknown_expert",
        )

    def _seconded(
        self, found: Sequence[Voice], given: Sequence[Given], second: str, participants: Sequence[int], now: Standing
    ) -> list[Given]:
        known = {voice.participant for voice in found}
        if strangers := sorted(set(participants) - known):
            raise _not_given(strangers[0])
        first = {each.given.participant: each.given.expert for each in now.holdings if not each.given.second}
        first |= {each.participant: each.expert for each in given if not each.second}
        for number in participants:
            if folded(first[number]) == folded(second):
                raise _reads_already(number, second)
        return seconded(found, second, participants, now)

    def _check_due(self, due: date | None) -> None:
        last = checking_ends(self._exam_date)
        if due is not None and not self._exam_date <= due <= last:
            raise Rejected(
                f"Срок {due:%d.%m.%Y} не годится: проверка заканчивается не позднее {last:%d.%m.%Y}, через 5 дней "
                "после экзамена (п. 9.3). Исправьте --due.",
                f"The day {due} cannot be: checking ends not later than {last}, 5 days after the exam (9.3). Mend "
                "--due.",
                code="bad_due",
            )

    def _add(self, event: Event) -> None:
        self._lines.append(event)


def names_of(text: str) -> tuple[str, ...]:
    """Names of experts, separated by commas or semicolons. Raises Rejected for one that stands twice."""
    names = [name_of(part) for part in text.replace(";", ",").split(",") if part.strip()]
    for place, name in enumerate(names):
        if folded(name) in map(folded, names[:place]):
            raise Rejected(
                f"Эксперт «{name}» назван дважды. Однофамильцев различайте инициалами.",
                f"The expert “{name}” is named twice. Tell namesakes apart by initials.",
                code="bad_name",
            )
    return tuple(names)


def name_of(text: str) -> str:
    """One name, in single spaces. Raises Rejected when it is empty, too long, or unprintable."""
    name = " ".join(text.split())
    if not name or len(name) > _NAME_AT_MOST or not name.isprintable():
        raise Rejected(
            f"Имя «{name[:_NAME_AT_MOST]}» не годится: ожидаются фамилия и инициалы, до {_NAME_AT_MOST} знаков.",
            f"The name “{name[:_NAME_AT_MOST]}” cannot be: expected a surname with initials, {_NAME_AT_MOST} signs at "
            "most.",
            code="bad_name",
        )
    return name


def words(text: str, key: str) -> str:
    """What a person says, in one line. Raises Rejected when it is empty or endless."""
    said = " ".join(text.split())
    if not said or len(said) > _WORDS_AT_MOST:
        raise Rejected(
            f"{key}: ожидается текст до {_WORDS_AT_MOST} знаков.", f"{key}: expected up to {_WORDS_AT_MOST} signs.",
            code="bad_words",
        )  # fmt: skip
    return said


def _not_given(participant: int) -> Rejected:
    return Rejected(
        f"Запись участника № {participant} никому не отдана: сначала station-sync experts distribute.",
        f"The recording of participant {participant} was given to nobody: first station-sync experts distribute.",
        code="not_given",
    )


def _reads_already(participant: int, expert: str) -> Rejected:
    return Rejected(
        f"{expert} уже слушает участника № {participant}: второй эксперт должен быть другим.",
        f"{expert} already listens to participant {participant}: the second reader must be another.",
        code="same_reader",
    )
