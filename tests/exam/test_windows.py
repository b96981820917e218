"""What an old Windows PC opens: Notepad's line ends, Excel's columns, no formula."""

from exam import windows


def test_a_text_is_in_lines_of_notepad() -> None:
    assert windows.text(["Опись", ""]) == "\ufeffОпись\r\n\r\n".encode()


def test_a_table_has_excels_columns_and_no_formulas() -> None:
    rows = [("Файл", "Участник"), ("=cmd|' /C calc'!A0", "а;б"), ("-1", "+7"), ("a-b", '"')]
    expected = '\ufeffФайл;Участник\r\n\'=cmd|\' /C calc\'!A0;"а;б"\r\n\'-1;\'+7\r\na-b;""""\r\n'
    assert windows.table(rows) == expected.encode()
