"""The centre's pages in a real browser: what is there, what is missing, what was refused; checks and downloads."""

import csv
import io
import zipfile
from collections.abc import Iterator

import pytest
from centre_peers import FOLDER, PASSWORD, WHO, Sent, Staged, Visitor, admit_operator
from exchange_peers import Served, until
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect, sync_playwright
from rig.browser import launch
from rig.schoolday import SCHOOL

from sync.school.model import Cell, Mark, Stage
from sync.school.package import digest, written

EVIL = (
    "<script>document.title='got'</script><b>Очень-Длинная-Фамилия-Без-Единого-Пробела-Которой-Нет-Конца</b>\nx\u202e"
)
SILENT, TROUBLED = "701021", "701022"
HERE = f"/centre/schools/{TROUBLED}/2026-02-11"


def trouble(sent: Sent, staged: Staged) -> None:
    """A school that sent what is wrong in many ways."""
    sha256 = {}
    for folder, name, before in sent.rooms:
        content = before.replace(b'"701020"', b'"701022"')
        sha256[f"{folder}/{name}"] = digest(content)
        if "Белова М.mp3" not in name:
            staged.receive(TROUBLED, folder, name.replace(SCHOOL, TROUBLED), content)
    for folder, name, content in sent.papers():
        staged.receive(TROUBLED, folder, name, content)
    rows = list(sent.package.rows)
    rows[2] = replace(rows[2], cells={**rows[2].cells, Stage.ACCEPTED: Cell(Mark.NO)})
    rows[3] = replace(rows[3], surname=EVIL, variant="=1+1")
    files = tuple(replace(one, sha256=sha256.get(one.path, one.sha256)) for one in sent.package.files)
    first = replace(sent.package, school=TROUBLED, school_name=EVIL, rows=tuple(rows), files=files)
    second = replace(first, version=2, previous=digest(written(first)), incomplete="файл Беловой ищем")
    for told in (first, second):
        staged.receive(TROUBLED, FOLDER, told.file, written(told))
    staged.receive(TROUBLED, "2026-02-11_201", "11.02.2026_201_701022_Ж.json", b"[" * 100_000)
    staged.refuse(TROUBLED, "2026-02-11_201", "11.02.2026_201_701022_Белова М.mp3")


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("centre")
    sent, staged = Sent(base / "sent"), Staged(base / "exchange")
    staged.admit(SCHOOL, SILENT, TROUBLED)
    sent.send(staged)
    trouble(sent, staged)
    staged.database.close()
    admit_operator(base / "exchange")
    served = Served(base / "exchange")
    served.start()
    yield served
    served.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, centre: Served) -> Iterator[Page]:
    """Somebody has signed in; at the end the browser may have complained of nothing."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=centre.url)
    opened, complaints = context.new_page(), []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto("/centre")
    opened.get_by_label("Имя").fill(WHO)
    opened.get_by_label("Пароль").fill(PASSWORD)
    opened.get_by_role("button", name="Войти").click()
    expect(opened.get_by_role("heading", level=1)).to_contain_text("Экзамен 11.02.2026")
    expect(opened.get_by_role("status")).to_have_count(0)  # everything is up to date
    yield opened
    assert complaints == []
    context.close()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_all_schools_at_a_glance_and_one_of_them(page: Page) -> None:
    lines = page.locator("tbody tr")
    told = [" ".join(line.split()) for line in lines.all_inner_texts()]
    assert told[0].startswith(f"{SCHOOL} МБОУ СОШ № 1 полный 4 40 37 35 40 40 1")
    assert told[1].startswith(f"{SILENT} ничего не пришло")
    assert "пришло не всё 4 40 37 35 40 39 2 1 1 2" in told[2]
    assert fits(page)
    page.get_by_role("link", name=TROUBLED).click()
    expect(page.locator(".standing")).to_have_text("пришло не всё")
    assert page.title() != "got"
    assert fits(page)
    text = page.locator("main").inner_text()
    for expected in (
        "Расхождения между школой и РЦОИ: 1",
        "№ 3 Васильев Иван Сергеевич: принята — школа: нет, РЦОИ: да",
        "Названо в комплекте, но не пришло: 1",
        "Белова М.mp3",
        "Не приняты: присланное повреждено: 1",
        "Пришло, но учесть нельзя: 1",
        "пояснение школы: файл Беловой ищем",
        "<script>document.title='got'</script>",
    ):
        assert expected in text, expected
    expect(page.locator("td.differs")).to_have_count(1)


@pytest.mark.slow
def test_takes_in_two_rooms_lead_to_each_other(page: Page) -> None:
    page.goto(f"/centre/schools/{SCHOOL}/2026-02-11")
    page.get_by_role("link", name="засчитана запись из аудитории 203").click()
    assert page.url.endswith("#r2")
    expect(page.locator("h2#r2")).to_have_text("Аудитория 203: 11")
    rows = page.locator("tr", has_text="Мельников Иван Сергеевич")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("● ауд. 203, вар. 2, 14:00, принята")


@pytest.mark.slow
def test_versions_and_files_are_told(page: Page) -> None:
    page.goto(f"{HERE}/versions")
    text = page.locator("main").inner_text()
    assert "Версия 2 — действует" in text
    assert "передан неполным: — → файл Беловой ищем" in text
    page.goto(f"{HERE}/files")
    expect(page.locator("h2").first).to_have_text("Не приняты: 1")
    expect(page.locator("main")).to_contain_text("повредился в пути")
    assert fits(page)


@pytest.mark.slow
def test_only_what_lacks_may_be_shown(page: Page) -> None:
    page.get_by_role("link", name="Только неполные (2)").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Показать все").click()
    expect(page.locator("tbody tr")).to_have_count(3)


@pytest.mark.slow
def test_the_matrix_is_taken_along(centre: Served) -> None:
    visitor = Visitor(centre)
    visitor.enter()
    table = visitor.get("/matrix.csv?date=2026-02-11").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table), delimiter=";"))
    assert len(rows) == 80
    assert next(row for row in rows if row["школа"] == TROUBLED and row["№"] == "4")["вариант"] == "1"
    assert not any(value.startswith("=") for row in rows for value in row.values())
    answer = visitor.get(f"/schools/{TROUBLED}/2026-02-11/matrix.zip")
    assert "matrix" not in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        assert sorted(packed.namelist()) == ["701022_2026-02-11.json", "матрица.csv", "отказы.csv", "файлы.csv"]
        refused = packed.read("отказы.csv").decode("utf-8-sig").splitlines()
    assert len(refused) == 3
    for path in ("/schools/nowhere/2026-02-11", f"/schools/{SCHOOL}/2026-99-99", "/schools/../../etc/passwd"):
        assert visitor.get(path).status_code == 404
    assert visitor.get("?date=x").status_code == 404


@pytest.mark.slow
def test_stored_files_are_hashed_again_in_the_background(page: Page, centre: Served) -> None:
    path = centre.folder / "schools" / SILENT / "2026-02-11_1" / "a.txt"
    staged = Staged(centre.folder)
    staged.receive(SILENT, "2026-02-11_1", "a.txt", b"right")
    staged.database.close()
    path.write_bytes(b"wrong")
    page.goto("/centre/checks")
    page.get_by_role("button", name="Проверить всё хранилище").click()

    def ended() -> str | None:
        page.goto("/centre/checks")
        return page.locator("tbody").inner_text() if page.locator("tbody tr").count() else None

    told = until(ended, "the check's end")
    assert "всё хранилище" in told
    assert f"schools/{SILENT}/2026-02-11_1/a.txt — файл испорчен: SHA-256 другой" in told
    page.goto(f"/centre/schools/{SCHOOL}/2026-02-11")
    page.get_by_role("button", name="Проверить файлы").click()
    expect(page.locator("tbody tr").first).to_contain_text(f"школа {SCHOOL}, 11.02.2026")


@pytest.mark.slow
def test_signing_out_ends_it(page: Page) -> None:
    page.get_by_role("button", name="Выйти").click()
    expect(page.get_by_role("button", name="Войти")).to_be_visible()
    page.goto(HERE)
    expect(page.get_by_role("button", name="Войти")).to_be_visible()


@pytest.mark.slow
def test_what_arrives_is_on_the_page_soon(page: Page, centre: Served) -> None:
    staged = Staged(centre.folder)
    staged.admit("701030")
    for number in range(50):
        staged.receive("701030", "2026-02-11_1", f"{number}.txt", b"%d" % number)
    staged.database.close()
    page.goto("/centre")
    line = page.locator("tbody tr", has_text="701030")
    expect(line).to_contain_text("комплект не передан")
