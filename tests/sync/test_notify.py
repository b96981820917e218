"""A person is told once, in counts and rooms; whoever cannot be told is told again."""

import json
import resource
import sys
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sync.model import ItemState, Tier
from sync.notify import Notifier, news_of
from sync.plan import Row

DUE = date(2026, 2, 12)


def row(state: ItemState, name: str = "Иванов И.mp3", **told: object) -> Row:
    fields = {"path": f"2026-02-11_265/{name}", "kind": "participant", "sha256": "a" * 64, "size": 1, "state": state}
    return Row(**(fields | told))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "today", "event"),
    [
        ([], DUE, None),
        ([row(ItemState.DELIVERED)], DUE, "complete"),
        ([row(ItemState.DELIVERED), row(ItemState.UPLOADING)], DUE, None),
        ([row(ItemState.UPLOADING)], date(2026, 2, 13), "overdue"),
        ([row(ItemState.CHANGED)], DUE, "needs_human"),
        ([row(ItemState.UPLOADED, unproven=True)], DUE, "needs_human"),
        ([row(ItemState.NEEDS_HUMAN, resumes=ItemState.HASHED)], DUE, "needs_human"),
        ([row(ItemState.WAITING, resumes=ItemState.HASHED)], DUE, None),
        ([row(ItemState.DELIVERED, present=False), row(ItemState.HANDED_OVER)], DUE, "complete"),
        ([row(ItemState.CHANGED, present=False), row(ItemState.HANDED_OVER)], DUE, "needs_human"),
        ([row(ItemState.HASHED, present=False), row(ItemState.DELIVERED)], DUE, "needs_human"),
    ],
)
def test_what_is_news(rows: list[Row], today: date, event: str | None) -> None:
    found = news_of("701020", rows, DUE, today)
    assert (found.event if found else None) == event
    assert found is None or "Иванов" not in str(found)


@pytest.mark.parametrize(
    ("tier", "said"),
    [
        ("hub", "Всё в Штабе: 2. В РЦОИ материалы передаёт Штаб."),
        ("centre", "Комплект полон. В РЦОИ: 2."),
        ("folder", "Комплект полон. Доставлено: 2."),
        (None, "Комплект полон. Доставлено: 2."),
    ],
)
def test_what_the_headquarters_have_is_not_called_delivered(tier: Tier | None, said: str) -> None:
    news = news_of("701020", [row(ItemState.DELIVERED), row(ItemState.DELIVERED, "б")], DUE, DUE, tier=tier)
    assert news is not None
    assert (news.text, news.tier) == (said, tier)


def script(folder: Path, code: str) -> list[str]:
    path = folder / "told.py"
    path.write_text(f"import sys\nfrom pathlib import Path\ntold = Path({str(folder / 'told')!r})\n{code}")
    return [sys.executable, str(path)]


def test_a_command_hears_each_piece_of_news_once(tmp_path: Path) -> None:
    command = script(tmp_path, "told.open('a').write(sys.stdin.read() + '\\n')")
    partial = news_of("701020", [row(ItemState.CHANGED), row(ItemState.DELIVERED, "б")], DUE, DUE)
    complete = news_of("701020", [row(ItemState.DELIVERED)], DUE, DUE)
    assert partial
    assert complete
    for news in (partial, partial, complete, complete):
        assert Notifier(tmp_path, command).tell(news)
    told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert [one["event"] for one in told] == ["needs_human", "complete"]
    assert (told[0]["files"], told[0]["delivered"], told[0]["rooms"]) == (2, 1, ["2026-02-11_265"])


def test_a_file_that_is_stuck_is_told_once_while_the_others_arrive(tmp_path: Path) -> None:
    """Else a line that breaks every three minutes would ring as often."""
    notifier = Notifier(tmp_path, script(tmp_path, "told.open('a').write(sys.stdin.read() + '\\n')"))
    for arrived in range(4):
        rows = [row(ItemState.DELIVERED if number < arrived else ItemState.HASHED, str(number)) for number in range(4)]
        news = news_of("701020", [row(ItemState.CHANGED, "б"), *rows], DUE, DUE)
        assert news
        assert notifier.tell(news)
    another = news_of("701020", [row(ItemState.CHANGED, "б"), row(ItemState.CHANGED, "в")], DUE, DUE)
    complete = news_of("701020", [row(ItemState.DELIVERED, "б")], DUE, DUE)
    for news in (another, complete, another, complete):
        assert news
        assert notifier.tell(news)
    told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert [(one["event"], one["stuck"]) for one in told] == [
        ("needs_human", 1), ("needs_human", 2), ("complete", None), ("needs_human", 2), ("complete", None),
    ]  # fmt: skip


def test_a_command_that_prints_without_end_costs_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.notify._PATIENCE_S", 0.5)
    news = news_of("701020", [row(ItemState.DELIVERED)], DUE, DUE)
    assert news
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert not Notifier(tmp_path, ["yes", "x" * 1000]).tell(news)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_full_disk_ends_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    news = news_of("701020", [row(ItemState.DELIVERED)], DUE, DUE)
    assert news
    notifier = Notifier(tmp_path / "nowhere", script(tmp_path, "told.open('a').write('x')"))
    assert notifier.tell(news)
    assert notifier.tell(news)
    assert (tmp_path / "told").read_text() == "x"


def test_a_command_that_fails_is_asked_again(tmp_path: Path) -> None:
    news = news_of("701020", [row(ItemState.DELIVERED)], DUE, DUE)
    assert news
    assert not Notifier(tmp_path, script(tmp_path, "sys.exit(1)")).tell(news)
    assert not Notifier(tmp_path, ["/nonexistent/program"]).tell(news)
    assert Notifier(tmp_path, script(tmp_path, "told.touch()")).tell(news)
    assert (tmp_path / "told").exists()


@pytest.fixture
def heard() -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204 if self.path == "/hook" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_web_address_hears_it_and_a_refusal_is_tried_again(tmp_path: Path, heard: tuple[str, list[bytes]]) -> None:
    url, bodies = heard
    news = news_of("701020", [row(ItemState.DELIVERED)], DUE, DUE)
    assert news
    assert not Notifier(tmp_path, webhook=url + "/broken").tell(news)
    assert Notifier(tmp_path, webhook=url + "/hook").tell(news)
    assert not Notifier(tmp_path / "other", webhook="http://127.0.0.1:9/hook").tell(news)
    assert [json.loads(body)["event"] for body in bodies] == ["complete", "complete"]
