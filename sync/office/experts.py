"""«Эксперты»: who has what and what is overdue; giving out, taking back and copying to a drive, by the commands."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from exam.localpage.gate import language_of
from exam.localpage.pages import read
from exam.localpage.refusal import Refused
from sync.experts.overview import Status
from sync.office.carrying import DriveTold
from sync.office.desk import desk_of
from sync.office.running import word

_Words = Annotated[str, Meta(max_length=500)]
_Number = Annotated[int, Meta(ge=1)]


class _Told(Struct, frozen=True):
    """What the page shows."""

    standing: Status
    drives: tuple[DriveTold, ...]


class _Distribute(Struct, frozen=True, forbid_unknown_fields=True):
    """`experts`: names, separated by commas; empty: those known already."""

    experts: _Words = ""
    due: date | None = None


class _Returned(Struct, frozen=True, forbid_unknown_fields=True):
    """`participants`: empty for all."""

    name: _Words
    participants: tuple[_Number, ...] = ()


class _Reassign(Struct, frozen=True, forbid_unknown_fields=True):
    participant: _Number
    expert: _Words
    to: _Words
    reason: _Words


class _Export(Struct, frozen=True, forbid_unknown_fields=True):
    name: _Words
    folder: _Words


def routes() -> Sequence[BaseRoute]:
    """What the part asks for."""
    acts = {"distribute": _distribute, "returned": _returned, "reassign": _reassign, "export": _export}
    return [
        Route("/api/experts", _experts, methods=["GET"]),
        *(Route(f"/api/experts/{name}", act, methods=["POST"]) for name, act in acts.items()),
    ]


async def _experts(request: Request) -> Response:
    desk = desk_of(request)
    day = (await desk.seen()).day
    standing = await asyncio.to_thread(desk.sources.experts, day, desk.sources.now().date())
    told = _Told(standing, tuple(await desk.drives.now()))
    return Response(msgspec.json.encode(told), media_type="application/json")


async def _distribute(request: Request) -> Response:
    told = await read(request, _Distribute)
    words = ["distribute", f"--experts={told.experts.strip()}"]
    return await _run(request, words + ([f"--due={told.due.isoformat()}"] if told.due else []))


async def _returned(request: Request) -> Response:
    told = await read(request, _Returned)
    numbers = ",".join(map(str, told.participants)) or "all"
    return await _run(request, ["returned", word(told.name), f"--participants={numbers}"])


async def _reassign(request: Request) -> Response:
    told = await read(request, _Reassign)
    words = ["reassign", str(told.participant), f"--from={told.expert}", f"--to={told.to}", f"--reason={told.reason}"]
    return await _run(request, words)


async def _export(request: Request) -> Response:
    """Onto a drive that is plugged in, and nowhere else."""
    told = await read(request, _Export)
    if told.folder not in {drive.path for drive in await desk_of(request).drives.now()}:
        raise Refused(
            409, "no_drive", "Этого накопителя уже нет. Вставьте его снова.", "The drive is gone. Plug it in again."
        )
    return await _run(request, ["export", word(told.name), told.folder])


async def _run(request: Request, words: Sequence[str]) -> Response:
    desk = desk_of(request)
    day = f"--date={desk.sources.exam_date.isoformat()}"
    said = await desk.commands.run(["experts", words[0], day, *words[1:]], language_of(request))
    desk.forget()
    return JSONResponse({"said": said})
