"""Whether a file may be deleted, and why not: never without a proof for each content it stands on, and a date. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from sync.plan import Reason


class Term(Struct, frozen=True):
    """How long files are kept: until the end of a day, or so many days after the exam; neither: for ever."""

    until: date | None = None
    days: int | None = None

    def as_told(self) -> Mapping[str, str | int | None]:
        """As it stands in records and answers."""
        return {"until": self.until.isoformat() if self.until else None, "days": self.days}


class Content(Struct, frozen=True):
    """Bytes that have to be proved to be elsewhere. `size` in bytes; `name`: what they are called here."""

    sha256: str
    size: int
    name: str


class Proof(Struct, frozen=True):
    """Why a content is safe: the centre's signed receipt, or a person's record of handing it over, by its number."""

    sha256: str
    kind: Literal["receipt", "handed_over"]
    id: str
    by: str


class Lying(Struct, frozen=True, kw_only=True):
    """A file below a watched `folder`, at `path` in it. `dated`: the exam's day, else when it was last written.

    `sha256`: what it must hold, None where nobody knows; `needs`: contents to be proved; `problem`: why it stays.
    """

    folder: str
    path: str
    size: int
    dated: date
    sha256: str | None = None
    needs: tuple[Content, ...] = ()
    problem: Reason | None = None

    @property
    def place(self) -> str:
        return f"{self.folder}/{self.path}"

    @property
    def is_manifest(self) -> bool:
        """Whether it describes a recording's other files: it is the last content such a file stands on."""
        return len(self.needs) > 1 and self.needs[-1].sha256 == self.sha256


class Verdict(Struct, frozen=True):
    """`reason`: why it may not be deleted, None: it may. `keep_until`: the last day it is kept."""

    file: Lying
    reason: Reason | None
    keep_until: date | None
    proofs: tuple[Proof, ...] = ()

    @property
    def deletable(self) -> bool:
        return self.reason is None


Prove = Callable[[Content], Proof | Reason]
"""The proof of a content, or why there is none."""

REMAINS = Reason(
    "описание остаётся, пока на месте другие файлы этой записи",
    "the manifest stays as long as other files of the recording do",
)
_NO_TERM = Reason(
    "срок хранения не задан: [retention] until или days в sync.toml",
    "no retention date: [retention] until or days in sync.toml",
)


def judge_all(files: Iterable[Lying], term: Term, prove: Prove, today: date) -> list[Verdict]:
    """Decide on every file; a manifest stays while any other file of its recording does."""
    verdicts = [judge(file, term, prove, today) for file in files]
    staying = {each.file.needs for each in verdicts if not each.deletable and not each.file.is_manifest}
    return [
        replace(each, reason=REMAINS, proofs=())
        if each.deletable and each.file.is_manifest and each.file.needs in staying
        else each
        for each in verdicts
    ]


def judge(file: Lying, term: Term, prove: Prove, today: date) -> Verdict:
    """Decide on one file. `today`: by the school's clocks."""
    last = keep_until(file.dated, term)
    if file.problem is not None:
        return Verdict(file, file.problem, last)
    proofs: list[Proof] = []
    for content in file.needs:
        found = prove(content)
        if isinstance(found, Reason):
            return Verdict(file, Reason(f"{content.name}: {found.ru}", f"{content.name}: {found.en}"), last)
        proofs.append(found)
    if not proofs:
        raise ValueError(f"nothing to be proved for {file.path}")
    return Verdict(file, _too_early(file, term, last, today), last, tuple(proofs))


def keep_until(dated: date, term: Term) -> date | None:
    """The last day a file of this date is kept; None: no day is set."""
    if term.until is not None:
        return term.until
    return dated + timedelta(days=term.days) if term.days is not None else None


def _too_early(file: Lying, term: Term, last: date | None, today: date) -> Reason | None:
    if last is None:
        return _NO_TERM
    if term.until is not None and term.until < file.dated:  # last year's setting must not end this year's day
        return Reason(
            f"[retention] until = {term.until} раньше самого дня ({file.dated}): исправьте sync.toml",
            f"[retention] until = {term.until} is before the day itself ({file.dated}): mend sync.toml",
        )
    if today <= last:
        return Reason(f"хранить по {last:%d.%m.%Y} включительно", f"to be kept through {last}")
    return None
