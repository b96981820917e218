"""The technician's page: looks (readiness, devices, drives, the day's end), papers, and jobs that are waited for.

Looks and papers are commands of `station` as well, run when they are asked for: this process stays small, and what a
page shows is what the command line says.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from exam.drive import removable
from exam.localpage.gate import language_of
from exam.localpage.pages import read
from exam.localpage.refusal import Refused
from exam.mounts import Mount
from station import disks
from station.session.commands import TIME_OF_DAY
from station.tape import SUFFIX
from station.web.jobs import Job, Jobs, Kind, started
from station.web.room import Room, folders_of, room_of
from station.web.spool import Spool

UPLOAD, UPLOAD_BYTES = "/api/technician/upload", 2 << 30
_PATIENCE_S, _DRIVES_S = 60.0, 5.0
_AT_ONCE = 2
_FREE_HOURS = 2.0
"""So much of recording must still fit beside what a page sends."""
_SHEETS = {"pdf": "application/pdf",
           "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # fmt: skip


class _Rehearse(Struct, frozen=True, forbid_unknown_fields=True):
    quick: bool = False


class _Export(Struct, frozen=True, forbid_unknown_fields=True):
    folder: str


class _Import(Struct, frozen=True, forbid_unknown_fields=True):
    upload: str
    participant: Annotated[int, Meta(ge=1)]
    started_at: Annotated[str, Meta(pattern=TIME_OF_DAY)]
    source: Literal["dictaphone", "conference", "other_pc"] = "dictaphone"


class _Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Rehearsal(Struct, frozen=True):
    file: str
    published: bool


class _Status(Struct, frozen=True):
    """What of the daemon's status is asked for here."""

    rehearsal: _Rehearsal | None = None


class Technician:
    """One for the process: its jobs, the files it was sent, pictures of test recordings by name."""

    def __init__(self, room: Room) -> None:
        config = room.config
        shape = config.capture.shape
        free = disks.bytes_for(_FREE_HOURS, shape, takes=True) + config.storage.reserve_bytes
        self.jobs = Jobs(config.path, lambda: datetime.now(config.zone), lambda jobs: _tell(room, jobs))
        self.spool = Spool(config.recordings, free)
        self.pictures: dict[str, bytes] = {}
        self.turns = asyncio.Semaphore(_AT_ONCE)  # however often a page asks, the recording needs the processor
        self._recordings = config.recordings
        self._looking: asyncio.Task[list[Mapping[str, Any]]] | None = None

    async def drives(self) -> list[Mapping[str, Any]]:
        """Drives that are plugged in. One look at a time: a drive that hangs keeps whoever looks, and only one.

        Raises Refused when it takes too long."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(_seen_drives, self._recordings))
        try:
            async with asyncio.timeout(_DRIVES_S):
                return await asyncio.shield(self._looking)
        except TimeoutError:
            raise Refused(
                504, "drive_hangs", "Накопитель не отвечает. Выньте его.", "A drive does not answer. Pull it out."
            ) from None


def _tell(room: Room, jobs: Sequence[Job]) -> None:
    room.live.tell("jobs", msgspec.to_builtins(jobs))


def routes() -> Sequence[BaseRoute]:
    """What the page asks for; `app.state.technician` is a Technician."""
    looks = {"ready": ("ready",), "summary": ("summary",), "devices": ("devices",)}
    return [
        *(Route(f"/api/technician/{name}", _look(*words), methods=["GET"]) for name, words in looks.items()),
        Route("/api/technician/drives", _drives, methods=["GET"]),
        Route("/api/technician/sheet.{ending}", _sheet, methods=["GET"]),
        Route("/api/technician/rehearsal.png", _picture, methods=["GET"]),
        Route(UPLOAD, _upload, methods=["POST"]),
        Route("/api/technician/rehearse", _rehearse, methods=["POST"]),
        Route("/api/technician/verify", _verify, methods=["POST"]),
        Route("/api/technician/export", _export, methods=["POST"]),
        Route("/api/technician/import", _import, methods=["POST"]),
        Route("/api/technician/cancel/{kind}", _cancel, methods=["POST"]),
    ]


def _of(connection: HTTPConnection) -> Technician:
    technician: Technician = connection.app.state.technician
    return technician


# -- looks -----------------------------------------------------------------------------------------------------


def _look(*words: str) -> Any:
    async def show(request: Request) -> Response:
        answer = await _said(request, *words, "--json")
        return Response(answer, media_type="application/json")

    return show


async def _said(request: Request, *words: str) -> bytes:
    """What a command prints. Raises Refused with its one line where there is nothing."""
    async with _of(request).turns:
        child = await started(room_of(request).config.path, words, language_of(request))
        try:
            async with asyncio.timeout(_PATIENCE_S):
                out, err = await child.communicate()
        except TimeoutError:
            raise Refused(504, "timeout", "Нет ответа, повторите.", "No answer, try again.") from None
        finally:
            with suppress(ProcessLookupError):
                child.kill()
    if not out:
        line = err.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        raise Refused(409, "refused", line, line)
    return out


async def _drives(request: Request) -> Response:
    return JSONResponse(await _of(request).drives())


def _seen_drives(recordings: Path) -> list[Mapping[str, Any]]:
    """Drives that somebody plugged in, but the one that the recordings are on; those first that take something."""
    device = _device_of(recordings)
    found = [_drive(mount) for mount in removable() if _device_of(Path(mount.path)) not in {None, device}]
    return sorted(found, key=lambda drive: not drive["writable"])


def _device_of(path: Path) -> int | None:
    try:
        return path.stat().st_dev
    except OSError:
        return None


def _drive(mount: Mount) -> Mapping[str, Any]:
    try:
        free, size = shutil.disk_usage(mount.path).free, shutil.disk_usage(mount.path).total
    except OSError:
        free = size = 0
    writable = os.access(mount.path, os.W_OK | os.X_OK)
    return {"path": mount.path, "kind": mount.kind, "free_bytes": free, "size_bytes": size, "writable": writable}


# -- papers and pictures -----------------------------------------------------------------------------------------


async def _sheet(request: Request) -> Response:
    """The room sheet, to be saved."""
    ending, config = request.path_params["ending"], room_of(request).config
    if ending not in _SHEETS:
        raise Refused(404, "not_found", "Ведомость бывает pdf или xlsx.", "A room sheet is pdf or xlsx.")
    is_blank = request.query_params.get("blank") == "1"
    content = await _made(request, f"sheet.{ending}", lambda target: (
        "room-sheet", "--out", target, "--json", *(["--blank"] if is_blank else [])
    ))  # fmt: skip
    name = f"Ведомость_{config.room.number}_{config.exam.date:%d.%m.%Y}{'_пустая' if is_blank else ''}.{ending}"
    kept = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return Response(content, media_type=_SHEETS[ending], headers=kept)


async def _picture(request: Request) -> Response:
    """The last test recording, drawn; drawn once."""
    stem, master = await _rehearsal(request)
    pictures = _of(request).pictures
    if stem not in pictures:
        drawn = await _made(request, "picture.png", lambda target: ("check", str(master), "--json", "--plot", target))
        pictures.clear()
        pictures[stem] = drawn
    return Response(pictures[stem], media_type="image/png")


async def _rehearsal(request: Request) -> tuple[str, Path]:
    """Name and master of the last test recording that was finished. Raises Refused where there is none."""
    room = room_of(request)
    status = await room.daemon.ask("status")
    told = msgspec.json.decode(status.raw, type=_Status).rehearsal
    if told is not None and told.published:
        for folder in folders_of(room.config):
            if (folder / told.file).exists():
                return told.file.removesuffix(SUFFIX), folder / told.file
    raise Refused(404, "no_rehearsal", "Законченной пробы ещё нет.", "No test recording was finished yet.")


async def _made(request: Request, name: str, words: Callable[[str], Sequence[str]]) -> bytes:
    """What a command writes into a new file. Raises Refused."""
    with tempfile.TemporaryDirectory(prefix="station-") as folder:
        target = Path(folder, name)
        await _said(request, *words(str(target)))
        return await asyncio.to_thread(target.read_bytes)


# -- jobs ------------------------------------------------------------------------------------------------------


async def _rehearse(request: Request) -> Response:
    told = await read(request, _Rehearse)
    return _begin(request, "rehearse", ["rehearse", "--json", *(["--quick"] if told.quick else [])])


async def _verify(request: Request) -> Response:
    await read(request, _Nothing)
    return _begin(request, "verify", ["verify", "--json"])


async def _export(request: Request) -> Response:
    """Onto a drive that is plugged in, and nowhere else."""
    room, told = room_of(request), await read(request, _Export)
    room.demand_pin(request)
    if told.folder not in {drive["path"] for drive in await _of(request).drives()}:
        raise Refused(
            409, "no_drive", "Этого накопителя уже нет. Вставьте его снова.", "The drive is gone. Plug it in again."
        )
    return _begin(request, "export", ["export", "--json", told.folder], about=told.folder)


async def _import(request: Request) -> Response:
    told, spool = await read(request, _Import), _of(request).spool
    _of(request).jobs.check_free("import")
    upload = spool.claim(told.upload)
    words = ["import", "--json", str(upload.path), "--participant", str(told.participant)]
    words += ["--started-at", told.started_at, "--source", told.source]
    return _begin(request, "import", words, about=upload.name, then=lambda: spool.drop(upload))


async def _cancel(request: Request) -> Response:
    kind = request.path_params["kind"]
    if kind not in get_args(Kind):
        raise Refused(404, "not_found", "Такого дела нет.", "There is no such job.")
    _of(request).jobs.cancel(kind)
    return JSONResponse({}, 202)


def _begin(request: Request, kind: Kind, words: Sequence[str], **more: Any) -> Response:
    _of(request).jobs.begin(kind, words, language_of(request), **more)
    return JSONResponse({}, 202)


async def _upload(request: Request) -> Response:
    """The body is the file; `?name=`: what it was called."""
    upload = await _of(request).spool.take(request.query_params.get("name", ""), request.stream())
    return JSONResponse({"upload": upload.id, "name": upload.name, "size": upload.size})
