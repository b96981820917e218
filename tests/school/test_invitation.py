"""An invitation as text: what a person types arrives as it was meant, or is refused with the group that is wrong."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from exam.errors import Rejected
from sync.invitation import MARK_BYTES, SECRET_BYTES, Invitation, read, written

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ONE = Invitation("192.168.1.10", 8464, bytes(range(MARK_BYTES)), bytes(range(SECRET_BYTES)))

hosts = some.one_of(
    some.ip_addresses().map(str), some.from_regex(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,60}[A-Za-z0-9])?", fullmatch=True)
)
invitations = some.builds(
    Invitation,
    hosts,
    some.integers(1, 65535),
    some.binary(min_size=MARK_BYTES, max_size=MARK_BYTES),
    some.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES),
)


@settings(max_examples=30)
@given(invitations)
def test_it_is_read_as_it_was_written(one: Invitation) -> None:
    assert read(written(one)) == one


def test_it_is_short_enough_to_be_typed() -> None:
    assert len(written(ONE).split("-")) == 12


@pytest.mark.parametrize(
    "typed",
    [
        written(ONE).lower(),
        written(ONE).replace("-", " "),
        written(ONE).replace("-", ""),
        written(ONE).replace("0", "O").replace("1", "l"),
        written(ONE).replace("A", "А").replace("C", "С").replace("X", "х"),  # a keyboard left in Russian
        f"  {written(ONE)}\n",
    ],
)
def test_however_it_is_typed(typed: str) -> None:
    assert read(typed) == ONE


def test_every_wrong_sign_is_noticed_and_its_group_named() -> None:
    """31 of 32 are named by their group; the rest, whose group happens to fit, by the whole."""
    text, unnamed = written(ONE), 0
    for place, sign in enumerate(text):
        for wrong in SIGNS.replace(sign, "") if sign != "-" else "":
            with pytest.raises(Rejected) as caught:
                read(text[:place] + wrong + text[place + 1 :])
            if caught.value.code == "mistyped":
                assert f"group {place // 6 + 1}." in caught.value.en
            else:
                unnamed += 1
    assert unnamed < 60 * 31 / 16


def test_groups_that_changed_places_are_noticed() -> None:
    groups = written(ONE).split("-")
    groups[3], groups[4] = groups[4], groups[3]
    with pytest.raises(Rejected) as caught:
        read("-".join(groups))
    assert "4, 5" in caught.value.en


@pytest.mark.parametrize("text", ["", "-", "hello", "Приглашение", "0" * 5, "0" * 60, "Z" * 100_000, "\x00", "٣٤٥٦٧"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        read(text)


def test_half_of_it_is_refused() -> None:
    for groups in range(1, 12):
        with pytest.raises(Rejected):
            read("-".join(written(ONE).split("-")[:groups]))


def test_noise_is_never_an_invitation() -> None:
    dice = random.Random(1)  # noqa: S311 - noise
    for _ in range(500):
        with pytest.raises(Rejected):
            read("".join(dice.choices(SIGNS, k=60)))


@pytest.mark.parametrize("host", ["", "штаб", "-x", "a b", "x" * 64, "http://x", "x/y"])
def test_a_host_that_cannot_be_told_is_refused(host: str) -> None:
    with pytest.raises(Rejected):
        written(Invitation(host, 1, ONE.mark, ONE.secret))
