"""«Бумаги»: what can be printed, made by the commands and saved by the browser; a table of scores, checked."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from exam.errors import Rejected
from exam.localpage.gate import language_of
from exam.localpage.refusal import Refused
from sync.office.desk import Desk, desk_of

CHECK, CHECK_BYTES = "/api/papers/check", 8 << 20
_SAID = "X-Said"
_LETTERS_SAID = 3000  # a header has no room for more
_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}

Name = Literal["room-sheets", "acts", "form-c1", "labels"]


class Paper(Struct, frozen=True):
    """Something to print: the command's name for it, what the saved file is called, how it can be had."""

    name: Name
    title: str
    endings: tuple[str, ...]


PAPERS = (
    Paper("labels", "наклейки_протоколов", ("pdf",)),
    Paper("room-sheets", "ведомости_аудиторий", ("pdf", "xlsx")),
    Paper("acts", "акты", ("pdf", "docx")),
    Paper("form-c1", "черновик_С-1", ("xlsx",)),
)


def routes() -> Sequence[BaseRoute]:
    """What the part asks for."""
    return [
        Route("/api/papers", _papers, methods=["GET"]),
        Route("/api/papers/{name}.{ending}", _paper, methods=["GET"]),
        Route(CHECK, _check, methods=["POST"]),
    ]


async def _papers(_request: Request) -> Response:
    return JSONResponse([{"name": paper.name, "endings": paper.endings} for paper in PAPERS])


async def _paper(request: Request) -> Response:
    """A paper, and in a header what the command said of it."""
    desk, ending = desk_of(request), request.path_params["ending"]
    paper = next((one for one in PAPERS if one.name == request.path_params["name"] and ending in one.endings), None)
    if paper is None:
        raise Refused(404, "not_found", "Такой бумаги нет.", "There is no such paper.")
    with tempfile.TemporaryDirectory(prefix="station-office-") as folder:
        target = Path(folder, f"paper.{ending}")
        said = await _ran(desk, [paper.name, f"--out={target}"], request)
        content = await asyncio.to_thread(_content, target)
        if content is None:
            raise _failed(said)
    told = " · ".join(line for line in said if str(target) not in line)
    name = f"{desk.sources.exam_date:%d.%m.%Y}_{desk.school}_{paper.title}.{ending}"
    headers = {
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}",
        _SAID: quote(told[:_LETTERS_SAID]),
    }
    return Response(content, media_type=_TYPES[ending], headers=headers)


async def _check(request: Request) -> Response:
    """A table of scores, the body; `?name=`: what it was called."""
    name = Path(request.query_params.get("name", ""))
    if name.suffix.lower() not in {".xlsx", ".csv"}:
        raise Refused(409, "bad_table", "Таблица баллов бывает XLSX или CSV.", "A table of scores is XLSX or CSV.")
    with tempfile.TemporaryDirectory(prefix="station-office-") as folder:
        target = Path(folder, f"scores{name.suffix.lower()}")
        await asyncio.to_thread(target.write_bytes, await request.body())
        said = await _ran(desk_of(request), ["check", str(target)], request)
    return JSONResponse({"said": [line.replace(str(target), name.name) for line in said]})


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


async def _ran(desk: Desk, words: Sequence[str], request: Request) -> list[str]:
    day = f"--date={desk.sources.exam_date.isoformat()}"
    return (await desk.commands.ran(["papers", words[0], day, *words[1:]], language_of(request))).lines


def _failed(said: Sequence[str]) -> Rejected:
    text = " ".join(said)
    return Rejected(text, text, code="command_failed")
