"""Names from outside: refused when they could leave their folder, kept to the byte when they could not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.exchange.naming import check_name
from sync.exchange.refusal import Refused
from sync.naming import MAX_NAME_BYTES, candidates, marked

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x.mp3", "a/b", "a\\b", "a\0b", "a\nb", ".part-1", "x\u202egpm.exe", "я" * 128, "\ud800"],
)
def test_unlawful_names_are_refused_with_place_and_remedy(name: str) -> None:
    with pytest.raises(Refused) as caught:
        check_name(name, "filename")
    assert caught.value.status == 400
    assert "filename" in caught.value.ru
    assert "rename" in caught.value.en
    (caught.value.ru + caught.value.en).encode()


@pytest.mark.parametrize(
    "name",
    ["11.02.2026_265_701020_Иванов И.mp3", "11.02.2026_265_701020_Иванов И.", "O'Brien-Смит.wav", "x" * 255],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_lawful_names_stay_as_they_came(name: str, form: str) -> None:
    name = unicodedata.normalize(form, name)  # type: ignore[arg-type]
    assert check_name(name, "filename") == name


@given(st.text())
def test_whatever_is_accepted_is_one_step_of_a_path(name: str) -> None:
    try:
        check_name(name, "filename")
    except Refused:
        return
    assert name not in {"", ".", ".."}
    assert not set(name) & set("/\\\0")
    assert len(name.encode()) <= MAX_NAME_BYTES


def test_the_mark_stands_before_the_extension_and_nowhere_else() -> None:
    assert marked("11.02.2026_265_701020_Иванов И.mp3", "ab") == "11.02.2026_265_701020_Иванов И~ab.mp3"
    assert marked("11.02.2026_265_701020_Иванов И.", "ab") == "11.02.2026_265_701020_Иванов И.~ab"


@given(st.text(st.characters(exclude_characters="/\\\0", exclude_categories=["Cs"]), min_size=1, max_size=255))
def test_candidates_differ_and_fit(name: str) -> None:
    name = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore") or "x"
    found = list(candidates(name, DIGEST))
    assert found[0] == name
    assert len(set(found)) == 3
    assert all(len(one.encode()) <= MAX_NAME_BYTES for one in found)
