"""Listening to a take: `/audio`, `/api/waveform`, `/api/listening`, `/api/heard`.

A take is served as the WAV file it is or would be, made while it is sent: header, then its frames, from wherever they
lie. So it seeks at once however long it is, and never more than a chunk of it is in memory.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from exam.localpage.pages import read
from exam.localpage.refusal import Refused
from exam.manifest import Opinion
from station.tape import HEADER_BYTES, header
from station.web.orders import status
from station.web.room import room_of
from station.web.sounds import Sound
from station.web.survey import waveform

_TYPE = "audio/wav"
_CHUNK_FRAMES = 1 << 16
_ANSWER_BYTES = 1 << 21
"""At most, of a range: a browser that has enough for now keeps no connection waiting."""
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

_Time = Annotated[float, Meta(ge=0, le=100_000)]


class _Played(Struct, frozen=True, forbid_unknown_fields=True):
    """What the browser's audio element has played of the take."""

    stem: str
    ranges: Annotated[tuple[tuple[_Time, _Time], ...], Meta(max_length=1000)]


class _Heard(Struct, frozen=True, forbid_unknown_fields=True):
    """What was thought of the take `stem`: the one under review."""

    opinion: Opinion
    stem: str | None = None


async def audio(request: Request) -> Response:
    """The take as a WAV file, whole or the bytes asked for; of many only the first ones, the browser asks for more."""
    sound = await room_of(request).player.sound(request.path_params["stem"])
    size = HEADER_BYTES + sound.frames * sound.shape.frame_bytes
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{sound.frames}"', "Content-Disposition": "inline"}
    first, end, code = 0, size, 200
    wanted = request.headers.get("range")
    if wanted is not None and request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        first, end = _range(wanted, size)
        end, code = min(end, first + _ANSWER_BYTES), 206
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - first)
    if request.method == "HEAD":
        return Response(None, code, headers, _TYPE)
    return StreamingResponse(_sent(sound, first, end), code, headers, _TYPE)


async def shape(request: Request) -> Response:
    """The waveform."""
    return JSONResponse(waveform(await room_of(request).player.survey(request.path_params["stem"])))


async def played(request: Request) -> Response:
    """{stem, ranges} -> {seconds}: how much of it was played in all."""
    room, told = room_of(request), await read(request, _Played)
    sound = await room.player.sound(told.stem)
    room.listening.add(told.stem, told.ranges, sound.seconds)
    return JSONResponse({"seconds": room.listening.seconds(told.stem)})


async def heard(request: Request) -> Response:
    """{opinion, stem?} -> {status}: with the seconds really played and the hash of what was."""
    room, told = room_of(request), await read(request, _Heard)
    hand = room.daemon.latest.glance.in_hand
    if hand is None or told.stem not in {None, hand.take}:
        raise Refused(
            409,
            "not_in_review",
            "Эта запись уже не на прослушивании: началась другая. Ничего не изменено.",
            "This recording is not under review any more: another has begun. Nothing was changed.",
        )
    seconds = room.listening.seconds(hand.take)
    sha256 = (await room.player.survey(hand.take)).sha256 if seconds else None
    return status(await room.daemon.ask("heard", {"opinion": told.opinion, "seconds": seconds, "sha256": sha256}))


def _range(wanted: str, size: int) -> tuple[int, int]:
    """First byte, and the one after the last. Raises Refused: 416."""
    match = _RANGE.fullmatch(wanted.replace(" ", ""))
    if match is not None and any(match.groups()):
        first, last = match.groups()
        if not first:
            return max(0, size - int(last)), size
        if int(first) < size and (not last or int(first) <= int(last)):
            return int(first), min(size, int(last) + 1) if last else size
    raise Refused(
        416, "bad_range", "Такого места в записи нет.", "No such place in it.", {"Content-Range": f"bytes */{size}"}
    )


async def _sent(sound: Sound, first: int, end: int) -> AsyncIterator[bytes]:
    """Those bytes of the file, read by another thread: a disk that hangs must not stop the page."""
    head = header(sound.shape, sound.frames * sound.shape.frame_bytes)
    if first < HEADER_BYTES:
        yield head[first:end]
    frame_bytes = sound.shape.frame_bytes
    begin, until = max(0, first - HEADER_BYTES), end - HEADER_BYTES
    if begin >= until:
        return
    first_frame, last_frame = begin // frame_bytes, -(-until // frame_bytes)
    blocks = sound.blocks(first_frame, last_frame - first_frame, _CHUNK_FRAMES)
    skipped, left = begin - first_frame * frame_bytes, until - begin
    try:
        while left > 0 and (block := await asyncio.to_thread(next, blocks, None)) is not None:
            piece, skipped = block[skipped : skipped + left], 0
            left -= len(piece)
            yield piece
    finally:
        blocks.close()
