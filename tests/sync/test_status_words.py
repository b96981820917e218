"""What a person reads of deliveries: plain words, honest times."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync import overview, wording
from sync.model import ItemState, Receipt, Tier
from sync.report import ItemStatus, Left, Missing, Package, Status

NOW = datetime(2026, 2, 11, 19, 0, tzinfo=ZoneInfo("Asia/Tomsk"))
FULL = "На диске получателя кончилось место (ответ 507); отправка продолжится сама."


def item(state: ItemState, name: str = "Иванов И.mp3", **told: object) -> ItemStatus:
    fields = {
        "path": f"2026-02-11_265/{name}", "kind": "participant", "sha256": "a" * 64, "state": state, "offset": 0,
        "size": 10_000_000, "receipt": None, "reason": None, "next_try_at": None,
    }  # fmt: skip
    return ItemStatus(**(fields | told))  # type: ignore[arg-type]


def status(items: list[ItemStatus], left: Left, opens_at: datetime | None = None) -> Status:
    missing = tuple(Missing(one.path, "") for one in items if one.state is not ItemState.DELIVERED)
    return Status(tuple(items), Package(not missing, missing), left, opens_at, date(2026, 2, 12))


def test_a_full_disk_is_told_with_the_time_of_the_next_try() -> None:
    waiting = item(ItemState.WAITING, reason=FULL, next_try_at=NOW + timedelta(minutes=30))
    told = list(overview.lines(status([waiting, item(ItemState.DELIVERED)], Left(1, 10_000_000, None, None)), NOW))
    assert told[0] == "2026-02-11_265: доставлено 1 из 2"
    assert "ждёт повтора" in told[1]
    assert "(На диске получателя кончилось место (ответ 507); отправка продолжится сама; повтор в 19:30)" in told[1]
    assert told[2] == "Комплект не полон: не доставлено 1."
    assert told[3] == "Осталось отправить 10.0 МБ; срок 12.02."


def test_the_time_remaining_is_that_of_the_line_as_it_is() -> None:
    left = Left(20, 3_000_000_000, 250_000, 12_000)
    told = list(overview.lines(status([item(ItemState.UPLOADING, offset=4_500_000)], left), NOW))
    assert "отправляется 45 %" in told[1]
    assert told[-1] == (
        "Осталось отправить 3.0 ГБ: около 3 ч 20 мин, если линия останется такой (2.0 Мбит/с); срок 12.02."
    )


def test_nothing_found_is_not_nothing_lacking() -> None:
    told = list(
        overview.lines(Status((), Package(complete=False, missing=()), Left(0, 0, None, None), None, None), NOW)
    )
    assert told == ["Записей пока не найдено. Если они должны быть, проверьте watch.recordings в sync.toml."]


def test_a_folder_that_is_not_there_is_no_room() -> None:
    folder = item(ItemState.QUARANTINED, path="/srv/recordings", kind="folder", sha256=None, size=0, reason="нет папки")
    told = list(overview.lines(status([folder], Left(0, 0, None, None)), NOW))
    assert [line.split() for line in told[:-1]] == [["отложено", "/srv/recordings", "(нет", "папки)"]]
    assert told[-1] == "Комплект не полон: не читаются папки (1), что в них — неизвестно."


def test_closed_hours_are_told() -> None:
    told = list(overview.lines(status([item(ItemState.HASHED)], Left(1, 1, None, None), NOW + timedelta(hours=5)), NOW))
    assert told[-1] == "Осталось отправить 0.0 МБ; отправка начнётся в 12.02 00:00; срок 12.02."


def test_all_delivered_is_two_lines() -> None:
    told = list(overview.lines(status([item(ItemState.DELIVERED)], Left(0, 0, None, None)), NOW))
    assert told == ["2026-02-11_265: доставлено 1 из 1", "Комплект полон: доставлено всё."]


@pytest.mark.parametrize("state", ItemState)
def test_every_state_has_words(state: ItemState) -> None:
    assert wording.state(state)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "меньше минуты"), (61, "около 1 мин"), (3599, "около 1 ч 0 мин"), (7500, "около 2 ч 5 мин")],
)
def test_times_are_said_roughly(seconds: float, words: str) -> None:
    assert wording.roughly(seconds) == words


def receipt(tier: Tier) -> Receipt:
    return Receipt("1", "exchange-1", tier, "a" * 64, 1, NOW, "server-hash")


def test_what_the_headquarters_has_is_not_said_to_be_at_the_centre() -> None:
    hub = [item(ItemState.DELIVERED, receipt=receipt("hub"))]
    told = list(overview.lines(status(hub, Left(0, 0, None, None)), NOW))
    assert told == ["2026-02-11_265: в Штабе 1 из 1", "Всё доставлено в Штаб; дальше отправляет Штаб."]
    both = [*hub, item(ItemState.DELIVERED, receipt=receipt("centre"))]
    told = list(overview.lines(status(both, Left(0, 0, None, None)), NOW))
    assert told[0] == "2026-02-11_265: в РЦОИ 1, в Штабе 1 из 2"
    assert "полон" not in told[1]
