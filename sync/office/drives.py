"""«Накопители»: rooms' drives taken in, the day written for the centre, receipts fetched, what a lost drive held."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from exam.errors import Rejected
from exam.localpage.gate import language_of
from exam.localpage.pages import read
from exam.localpage.refusal import Refused
from sync.drives.records import Carried
from sync.office.carrying import DriveTold
from sync.office.desk import desk_of

_Words = Annotated[str, Meta(max_length=500)]
_Number = Annotated[int, Meta(ge=1)]


class _Written(Struct, frozen=True):
    """A drive that was written here. `is_made`: to its end; `lost`: where and when, by whom."""

    number: int
    at: datetime
    by: str
    is_encrypted: bool
    files: int
    size: int
    is_made: bool
    lost: str | None


class _Told(Struct, frozen=True):
    """What the page shows."""

    plugged: tuple[DriveTold, ...]
    written: tuple[_Written, ...]


class _Drive(Struct, frozen=True, forbid_unknown_fields=True):
    folder: _Words


class _Export(Struct, frozen=True, forbid_unknown_fields=True):
    """`to`: the centre's public key (age1…), empty: not encrypted."""

    folder: _Words
    by: _Words
    to: _Words = ""


class _Lost(Struct, frozen=True, forbid_unknown_fields=True):
    number: _Number
    by: _Words
    note: _Words


def routes() -> Sequence[BaseRoute]:
    """What the part asks for."""
    acts = {"import": _import, "receipts": _receipts, "export": _export, "lost": _lost}
    return [
        Route("/api/drives", _drives, methods=["GET"]),
        Route("/api/drives/slip-{number:int}.pdf", _slip, methods=["GET"]),
        *(Route(f"/api/drives/{name}", act, methods=["POST"]) for name, act in acts.items()),
    ]


async def _drives(request: Request) -> Response:
    desk = desk_of(request)
    written = await asyncio.to_thread(desk.sources.drives)
    told = _Told(tuple(await desk.drives.now()), tuple(_written(one) for one in written))
    return Response(msgspec.json.encode(told), media_type="application/json")


def _written(drive: Carried) -> _Written:
    begun, lost = drive.begun, drive.lost
    return _Written(
        number=begun.number,
        at=begun.at,
        by=begun.by,
        is_encrypted=begun.encrypted,
        files=len(drive.files),
        size=drive.size,
        is_made=drive.made is not None,
        lost=f"{lost.by}: {lost.note}" if lost else None,
    )


async def _import(request: Request) -> Response:
    told = await read(request, _Drive)
    return await _run(request, ["import", await _plugged(request, told.folder)])


async def _receipts(request: Request) -> Response:
    told = await read(request, _Drive)
    return await _run(request, ["receipts", await _plugged(request, told.folder)])


async def _export(request: Request) -> Response:
    told = await read(request, _Export)
    to = [f"--to={told.to.strip()}"] if told.to.strip() else []
    return await _run(request, ["export", await _plugged(request, told.folder), f"--by={told.by.strip()}", *to])


async def _lost(request: Request) -> Response:
    told = await read(request, _Lost)
    return await _run(request, ["lost", str(told.number), f"--by={told.by.strip()}", f"--note={told.note.strip()}"])


async def _slip(request: Request) -> Response:
    """The hand-over slip, to be saved."""
    desk, number = desk_of(request), request.path_params["number"]
    with tempfile.TemporaryDirectory(prefix="station-office-") as folder:
        target = Path(folder, "slip.pdf")
        await desk.commands.run(["drive", "slip", str(number), f"--out={target}"], language_of(request))
        content = await asyncio.to_thread(target.read_bytes)
    kept = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(f'лист_передачи_{number}.pdf')}"}
    return Response(content, media_type="application/pdf", headers=kept)


async def _plugged(request: Request, folder: str) -> str:
    """A drive that is plugged in, and nothing else. Raises Refused."""
    if folder not in {drive.path for drive in await desk_of(request).drives.now()}:
        raise Refused(
            409, "no_drive", "Этого накопителя уже нет. Вставьте его снова.", "The drive is gone. Plug it in again."
        )
    return folder


async def _run(request: Request, words: Sequence[str]) -> Response:
    """Also what was done in part is told whole: which file was refused, and why."""
    desk = desk_of(request)
    ran = await desk.commands.ran(["drive", *words], language_of(request))
    desk.forget()
    if not ran.is_done and len(ran.lines) == 1:
        raise Rejected(ran.lines[0], ran.lines[0], code="command_failed")
    return JSONResponse({"said": ran.lines})
