"""Whatever is pressed and whatever fails, in whatever order, through the real recorder, tapes, journal and publisher:
nothing that was heard is lost, doubled, moved or overwritten, and what is missing is told."""

from collections.abc import Callable

import pytest
from anyday import AnyDay
from days import BLOCK
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from mortal import Death

GAPS_AND_TURNS: tuple[Callable[[AnyDay], None], ...] = (
    lambda day: day.sound_is_dropped(blocks=7),
    lambda day: day.the_microphone_goes(unnoticed_s=0.35, away_s=1.0),
    lambda day: day.sound(blocks=2),
    lambda day: day.the_microphone_goes(unnoticed_s=0.0, away_s=1.0),
    lambda day: day.sound(blocks=4),
    lambda day: day.the_file_can_grow_no_longer_than(frames=2 * BLOCK),
    lambda day: day.sound_is_dropped(blocks=7),
    lambda day: day.sound(blocks=2),
    lambda day: day.the_file_can_grow_no_longer_than(frames=BLOCK),
    lambda day: day.the_microphone_goes(unnoticed_s=0.0, away_s=1.0),
    lambda day: day.sound(blocks=6),
)


def killed_at(writes: int, how: Death) -> bool:
    """Whether the day came to so many writes; it is checked to its end."""
    day = AnyDay()
    day.begin()
    day.start_recording(participant=1)
    day.sound(blocks=6)
    day.will_be_killed(writes, how)
    for act in GAPS_AND_TURNS:
        if day.alive:
            act(day)
    was_killed = not day.alive
    day.teardown()
    return was_killed


@pytest.mark.parametrize("how", ["half", *(pytest.param(how, marks=pytest.mark.slow) for how in ("before", "after"))])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_killed_at_any_write_while_gaps_end_and_the_file_turns(how: Death) -> None:
    """The journal is ahead of the tape: what it names may be missing, but there is nothing that it does not name."""
    writes = 1
    while killed_at(writes, how):
        writes += 1
    assert writes > len(GAPS_AND_TURNS)


STEADY = settings(stateful_step_count=40, derandomize=True, database=None)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_any_day_with_any_faults() -> None:
    run_state_machine_as_test(AnyDay, settings=settings(STEADY, max_examples=50))


@pytest.mark.slow
def test_many_days_with_any_faults() -> None:
    run_state_machine_as_test(AnyDay, settings=settings(STEADY, max_examples=1000, stateful_step_count=60))
