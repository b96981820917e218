"""Whatever is pressed in whatever order: the promises every day keeps."""

from itertools import pairwise
from typing import Any, get_args

import hypothesis.strategies as st
from days import rules_for
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from presses import POST, PRE, Presses, replayed

from exam.errors import Rejected
from exam.manifest import Opinion
from exam.regulation import Outcome
from station.session import State, meant
from station.session import commands as ask
from station.session.commands import Command

PEOPLE = st.sampled_from([1, 2, 4])
VARIANTS = st.sampled_from([None, "7", "8", "9"])
EARLIER = st.sampled_from([0.0, 0.1, 1.0, 900.0])
SIMPLE = [ask.Open(), ask.Close(), ask.Pause(), ask.Resume(), ask.Stop(), ask.Accept(), ask.Cancel()]
COMMANDS = st.one_of(
    st.sampled_from(SIMPLE),
    st.builds(
        ask.Start,
        participant=st.none() | PEOPLE,
        variant=VARIANTS,
        end_previous=st.booleans(),
        other_room=st.booleans(),
        earlier_s=EARLIER,
    ),
    st.builds(ask.Resume, earlier_s=EARLIER),
    st.builds(ask.Choose, participant=st.none() | PEOPLE, variant=VARIANTS, document_checked=st.booleans()),
    st.builds(ask.Press, button=st.sampled_from(get_args(ask.Button)), gesture=st.sampled_from(get_args(ask.Gesture))),
    st.builds(ask.Hear, opinion=st.sampled_from(get_args(Opinion)), seconds=st.floats(0, 2000)),
    st.builds(ask.MarkTask, task=st.none() | st.integers(1, 4)),
    st.builds(ask.Retake, reason=st.just("r"), variant=VARIANTS, consent=st.sampled_from([None, True, False])),
    st.builds(ask.SetOutcome, participant=PEOPLE, outcome=st.sampled_from([None, *Outcome])),
)


class AnyDay(RuleBasedStateMachine):
    """Presses, repairs, publications; sound passes, and the fitted frame may step back a little."""

    def __init__(self) -> None:
        super().__init__()
        self.presses = Presses(rules=rules_for(PRE, POST))

    def _press(self, command: Command) -> None:
        before, log = self.presses.day, list(self.presses.log)
        try:
            wish = meant(before.state, command)
            self.presses.make_room_for(wish)
            before, log = self.presses.day, list(self.presses.log)
            self.presses.press(wish)
        except Rejected:
            assert (self.presses.day, self.presses.log) == (before, log), "a refusal changes nothing"

    @rule(frames=st.sampled_from([-PRE, 0, 1, POST, PRE, 1000]))
    def sound_passes(self, frames: int) -> None:
        self.presses.later(frames)

    @rule(command=COMMANDS)
    def press(self, command: Command) -> None:
        self._press(command)

    @precondition(lambda self: self.presses.day.state is not State.RECORDING)
    @rule(participant=PEOPLE)
    def start(self, participant: int) -> None:
        self._press(ask.Start(participant=participant))

    @precondition(lambda self: self.presses.day.takes)
    @rule(data=st.data(), to=PEOPLE, variant=st.sampled_from(["7", "8"]), which=st.booleans())
    def repair(self, data: Any, to: int, variant: str, which: bool) -> None:
        take = data.draw(st.sampled_from(sorted(self.presses.day.takes)))
        self._press(
            ask.Reassign(take=take, to=to, reason="r") if which else ask.Correct(take=take, variant=variant, reason="r")
        )

    @precondition(lambda self: self.presses.day.unpublished())
    @rule(data=st.data())
    def publish(self, data: Any) -> None:
        stem = data.draw(st.sampled_from(self.presses.day.unpublished()))
        self.presses.publish(stem)
        if stem in self.presses.day.takes:
            self.presses.taken |= {stem + ".wav", stem + ".json"}

    @invariant()
    def the_journal_tells_the_same_day(self) -> None:
        assert replayed(self.presses.log) == self.presses.day

    @invariant()
    def spans_of_one_stream_never_overlap(self) -> None:
        takes = [take for take in self.presses.day.takes.values() if not take.superseded]
        spans = sorted((span.stream, span.first_frame, span.end) for take in takes for span in take.spans)
        for (stream, _, end), (following, first, _) in pairwise(spans):
            assert stream != following or end <= first, spans

    @invariant()
    def spans_lie_within_their_stream(self) -> None:
        lengths = {part.file: part.frames for part in self.presses.day.parts if part.frames is not None}
        for take in self.presses.day.takes.values():
            for span in take.spans:
                assert span.first_frame >= 0
                assert span.frames == 0 or span.end <= lengths.get(span.stream, span.end)

    @invariant()
    def each_take_has_one_name_and_number(self) -> None:
        takes = self.presses.day.takes
        assert all(stem == take.stem for stem, take in takes.items())
        numbers = [(take.participant, take.number) for take in takes.values()]
        assert len(set(numbers)) == len(numbers)

    @invariant()
    def the_take_in_hand_is_there_exactly_when_the_state_says(self) -> None:
        day = self.presses.day
        assert (day.take is not None) == (day.state in {State.RECORDING, State.PAUSED, State.REVIEW})
        assert all((take.open_from is not None) == (stem == day.current and day.state is State.RECORDING)
                   for stem, take in day.takes.items())  # fmt: skip
        assert day.take is None or day.take.decision is None

    @invariant()
    def nobody_absent_has_a_recording(self) -> None:
        for number, note in self.presses.day.outcomes.items():
            assert note.outcome is not Outcome.ABSENT or not self.presses.day.takes_of(number)


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(max_examples=150, stateful_step_count=40, derandomize=True, database=None)
