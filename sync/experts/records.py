"""What is remembered of experts: who got what, what came back, what was exported; and what that comes to. Pure.

Names of experts are the organizer's words: two are one when they differ in case or spaces alone.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from msgspec import Struct, structs


class Given(Struct, frozen=True):
    """A participant's recording goes to an expert. `seconds` of sound; `second`: the participant's second reader."""

    participant: int
    expert: str
    stem: str
    sha256: str
    seconds: float
    second: bool = False


class Distributed(Struct, frozen=True, tag_field="event", tag="distributed"):
    """One call of distributing. `due`: the day until which everything is to be back, None: as it was said before."""

    exam_date: date
    at: datetime
    due: date | None
    experts: tuple[str, ...]
    given: tuple[Given, ...]


class Reassigned(Struct, frozen=True, tag_field="event", tag="reassigned"):
    """A participant's recording goes from `expert` to another."""

    exam_date: date
    at: datetime
    participant: int
    expert: str
    to: str
    reason: str


class Returned(Struct, frozen=True, tag_field="event", tag="returned"):
    """The expert has listened to these participants and handed their protocols back."""

    exam_date: date
    at: datetime
    expert: str
    participants: tuple[int, ...]


class Copied(Struct, frozen=True):
    """A file that left for a folder or drive."""

    file: str
    sha256: str
    participant: int


class Exported(Struct, frozen=True, tag_field="event", tag="exported"):
    """Recordings were about to go to a folder: noted before, so that no drive holds what is not on record.

    `page`: the SHA-256 of the player page.
    """

    exam_date: date
    at: datetime
    expert: str
    folder: str
    page: str
    files: tuple[Copied, ...]


class Appealed(Struct, frozen=True, tag_field="event", tag="appealed"):
    """All recordings of one participant were about to go to another commission (S2 11). `number` counts from 1."""

    exam_date: date
    at: datetime
    number: int
    participant: int
    reason: str
    by: str
    folder: str
    page: str
    files: tuple[Copied, ...]


Event = Distributed | Reassigned | Returned | Exported | Appealed


class Holding(Struct, frozen=True):
    """A recording with an expert, until `returned_at`."""

    given: Given
    given_at: datetime
    returned_at: datetime | None = None


class Standing(Struct, frozen=True, kw_only=True):
    """How a day's distribution stands. `experts` in the order in which they were first named."""

    exam_date: date
    holdings: tuple[Holding, ...] = ()
    experts: tuple[str, ...] = ()
    due: date | None = None
    exports: tuple[Exported, ...] = ()
    appeals: tuple[Appealed, ...] = ()

    def of(self, expert: str) -> tuple[Holding, ...]:
        """What the expert holds or held, by participant."""
        return tuple(each for each in self.holdings if folded(each.given.expert) == folded(expert))

    def readers(self, participant: int) -> tuple[Holding, ...]:
        """Who has the participant's recording, the second reader last."""
        return tuple(each for each in self.holdings if each.given.participant == participant)

    def known(self, expert: str) -> str | None:
        """The expert as named first; None when nobody of that name was ever given anything."""
        return next((name for name in self.experts if folded(name) == folded(expert)), None)

    @property
    def pages(self) -> frozenset[str]:
        """The SHA-256 of every player page that was made."""
        return frozenset(each.page for each in self.exports) | {each.page for each in self.appeals}


def standing(events: Iterable[Event], exam_date: date) -> Standing:
    """The sum of the events of one exam date, in their order."""
    holdings: dict[tuple[int, bool], Holding] = {}
    experts: dict[str, str] = {}
    due: date | None = None
    mine = [event for event in events if event.exam_date == exam_date]
    for event in mine:
        for name in _names(event):
            experts.setdefault(folded(name), name)
        if isinstance(event, Distributed):
            due = event.due or due
        _apply(event, holdings, experts)
    return Standing(
        exam_date=exam_date,
        holdings=tuple(holdings[key] for key in sorted(holdings)),
        experts=tuple(experts.values()),
        due=due,
        exports=tuple(event for event in mine if isinstance(event, Exported)),
        appeals=tuple(event for event in mine if isinstance(event, Appealed)),
    )


def folded(name: str) -> str:
    """What two spellings of one name have in common."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _names(event: Event) -> Sequence[str]:
    if isinstance(event, Distributed):
        return (*event.experts, *(each.expert for each in event.given))
    return (event.to,) if isinstance(event, Reassigned) else ()


def _apply(event: Event, holdings: dict[tuple[int, bool], Holding], experts: dict[str, str]) -> None:
    if isinstance(event, Distributed):
        for given in event.given:
            holdings[given.participant, given.second] = Holding(
                structs.replace(given, expert=experts[folded(given.expert)]), event.at
            )
    elif isinstance(event, Reassigned | Returned):
        for key, holding in holdings.items():
            if folded(holding.given.expert) != folded(event.expert):
                continue
            if isinstance(event, Reassigned) and event.participant == holding.given.participant:
                given = structs.replace(holding.given, expert=experts[folded(event.to)])
                holdings[key] = Holding(given, event.at)
            elif isinstance(event, Returned) and holding.given.participant in event.participants:
                holdings[key] = structs.replace(holding, returned_at=holding.returned_at or event.at)
