"""«Сканы»: whose papers nobody knows yet, what is wrong with others; their first pages, and a person's word on them."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from exam.errors import Rejected
from exam.localpage.pages import read
from sync.office.desk import desk_of
from sync.scans.faults import SOFT
from sync.scans.model import Belongs, PaperKind, Problem, PutAside, Scan, Scans, Unassigned

_Words = Annotated[str, Meta(max_length=500)]
_Path = Annotated[str, Meta(max_length=1000)]
_Sha256 = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")]
_Number = Annotated[int, Meta(ge=1)]
_PICTURES_KEPT, _AT_ONCE = 64, 2
_AN_HOUR = {"Cache-Control": "private, max-age=3600"}
_ROOM_PAPERS = {"room_sheet"}


class _Candidate(Struct, frozen=True):
    number: int
    name: str


class _Unknown(Struct, frozen=True):
    """A good scan of nobody, and who it is likely of."""

    scan: Unassigned
    candidates: tuple[_Candidate, ...]


class _Wrong(Struct, frozen=True):
    """A scan that does not count. `is_soft`: a person who sees that all is there may say whose it is."""

    scan: Problem
    is_soft: bool


class _Told(Struct, frozen=True):
    """What the page shows. `waiting`: how many are still being copied or opened."""

    unassigned: tuple[_Unknown, ...]
    problems: tuple[_Wrong, ...]
    aside: tuple[PutAside, ...]
    papers: tuple[Scan, ...]
    waiting: int


class _Assign(Struct, frozen=True, forbid_unknown_fields=True):
    file: _Path
    sha256: _Sha256
    kind: PaperKind
    participant: _Number | None = None
    room: _Words | None = None


class _Aside(Struct, frozen=True, forbid_unknown_fields=True):
    file: _Path
    sha256: _Sha256
    reason: _Words


class _Back(Struct, frozen=True, forbid_unknown_fields=True):
    file: _Path
    sha256: _Sha256


class Pictures:
    """First pages as pictures, by what the files contain; so many are kept. One for the process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def of(self, request: Request, file: str, sha256: str) -> bytes:
        """Raises Rejected where there is nothing to show."""
        async with self._turns:
            if sha256 not in self._kept:
                self._kept[sha256] = await asyncio.to_thread(desk_of(request).sources.preview, file)
            while len(self._kept) > _PICTURES_KEPT:
                self._kept.popitem(last=False)
            return self._kept[sha256]


def routes() -> Sequence[BaseRoute]:
    """What the part asks for; `app.state.pictures` is a Pictures."""
    return [
        Route("/api/scans", _scans, methods=["GET"]),
        Route("/api/scans/page.png", _picture, methods=["GET"]),
        Route("/api/scans/assign", _assign, methods=["POST"]),
        Route("/api/scans/aside", _aside, methods=["POST"]),
        Route("/api/scans/back", _back, methods=["POST"]),
    ]


async def _scans(request: Request) -> Response:
    desk = desk_of(request)
    names = {row.person.number: row.person.full_name for row in (await desk.seen()).day.rows}
    return Response(msgspec.json.encode(_told(await desk.scans.now(), names)), media_type="application/json")


def _told(found: Scans, names: Mapping[int, str]) -> _Told:
    return _Told(
        unassigned=tuple(
            _Unknown(one, tuple(_Candidate(number, names.get(number, "")) for number in one.candidates))
            for one in found.unassigned
        ),
        problems=tuple(_Wrong(one, one.code in SOFT) for one in found.problems),
        aside=found.aside,
        papers=found.papers,
        waiting=len(found.waiting),
    )


async def _picture(request: Request) -> Response:
    """The first page of a scan that is there; `?file=&sha256=`."""
    file, sha256 = (request.query_params.get(name, "") for name in ("file", "sha256"))
    await _check(request, file, sha256)
    pictures: Pictures = request.app.state.pictures
    return Response(await pictures.of(request, file, sha256), media_type="image/png", headers=_AN_HOUR)


async def _assign(request: Request) -> Response:
    desk, told = desk_of(request), await read(request, _Assign)
    await _check(request, told.file, told.sha256)
    day = (await desk.seen()).day
    if told.participant is not None and day.row(told.participant) is None:
        raise Rejected(
            f"Участника № {told.participant} нет в списке.",
            f"There is no participant {told.participant} on the list.",
            code="unknown_participant",
        )
    if told.kind in _ROOM_PAPERS and not (told.room or "").strip():
        raise Rejected("Укажите номер аудитории.", "Give the room's number.", code="no_room")
    belongs = Belongs(told.kind, told.participant, (told.room or "").strip() or None)
    await desk.do(desk.sources.papers.assign, told.file, told.sha256, belongs, desk.sources.now())
    return JSONResponse({})


async def _aside(request: Request) -> Response:
    desk, told = desk_of(request), await read(request, _Aside)
    await _check(request, told.file, told.sha256)
    await desk.do(desk.sources.papers.set_aside, told.file, told.sha256, told.reason, desk.sources.now())
    return JSONResponse({})


async def _back(request: Request) -> Response:
    desk, told = desk_of(request), await read(request, _Back)
    await desk.do(desk.sources.papers.take_back, told.file, told.sha256, desk.sources.now())
    return JSONResponse({})


async def _check(request: Request, file: str, sha256: str) -> None:
    """Only what was found in the folder of scans is shown or decided about. Raises Rejected."""
    found = await desk_of(request).scans.now()
    groups: tuple[Iterable[Unassigned | Problem | Scan | PutAside], ...] = (
        found.unassigned, found.problems, found.papers, found.aside,
    )  # fmt: skip
    if all((one.file, one.sha256) != (file, sha256) for group in groups for one in group):
        raise Rejected(
            "Этого скана уже нет: его убрали или заменили. Посмотрите ещё раз.",
            "This scan is no longer there: it was taken away or replaced. Look again.",
            code="unknown_scan",
        )
