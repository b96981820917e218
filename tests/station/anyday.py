"""The state machine of a day with any commands and faults; what must be true of it is checked at its end."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, get_args

import hypothesis.strategies as st
from days import BLOCK, RATE
from heard import Files, Heard
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from mortal import Death, Died, Disk, MortalRoom

from exam.errors import Rejected
from exam.manifest import Opinion
from exam.regulation import Outcome
from station.messages import Block, CaptureLost, Published, RecordPublished
from station.session import State
from station.session import commands as ask
from station.session.commands import Command
from station.tape import HEADER_BYTES
from station.verify import verify

PEOPLE = st.sampled_from([1, 2, 4])
VARIANTS = st.sampled_from([None, "7", "8", "9"])
EARLIER = st.sampled_from([0.0, 0.7, 30.0])
SHORT_S, LONG_S = (0.4, 3.0, 61.0, 590.0), (620.0, 4000.0)
_ANY, _RUNNING = frozenset(State), frozenset({State.RECORDING, State.PAUSED})
_IN_HAND = _RUNNING | {State.REVIEW}

_COMPOUND = {ask.Start, ask.Close, ask.Cancel, ask.SetOutcome}
_BETWEEN = {State.REVIEW, State.IDLE}  # where such a command stands when its lines in the journal are torn apart

EXPECTED: dict[type[Command], tuple[frozenset[State], State | None]] = {
    ask.Open: (frozenset({State.CLOSED}), State.IDLE),
    ask.Close: (_ANY - {State.CLOSED}, State.CLOSED),
    ask.Start: (_ANY, State.RECORDING),
    ask.MarkTask: (frozenset({State.RECORDING}), None),
    ask.Pause: (frozenset({State.RECORDING}), State.PAUSED),
    ask.Resume: (frozenset({State.PAUSED}), State.RECORDING),
    ask.Stop: (_RUNNING, State.REVIEW),
    ask.Choose: (_ANY - _RUNNING, None),
    ask.Hear: (frozenset({State.REVIEW}), None),
    ask.Accept: (frozenset({State.REVIEW}), State.IDLE),
    ask.Retake: (frozenset({State.REVIEW}), State.IDLE),
    ask.Cancel: (_IN_HAND, State.IDLE),
    ask.SetOutcome: (_ANY, None),
    ask.Reassign: (_ANY, None),
    ask.Correct: (_ANY, None),
    ask.Rehearse: (_ANY - _RUNNING, None),
    ask.CancelRehearsal: (_ANY, None),
}
"""Where a command is possible, as far as the state decides, and the state after it; None: the same."""

SIMPLE = st.sampled_from([ask.Open(), ask.Close(), ask.Pause(), ask.Resume(), ask.Stop(), ask.Accept(), ask.Cancel()])
REHEARSALS = st.sampled_from([ask.Rehearse(quick=True), ask.Rehearse(), ask.CancelRehearsal()])
COMMANDS = st.one_of(
    SIMPLE,
    REHEARSALS,
    st.builds(ask.Start, participant=PEOPLE, variant=VARIANTS, end_previous=st.booleans(), earlier_s=EARLIER),
    st.builds(ask.Resume, earlier_s=EARLIER),
    st.builds(ask.Choose, participant=st.none() | PEOPLE, variant=VARIANTS),
    st.builds(ask.Hear, opinion=st.sampled_from(get_args(Opinion)), seconds=st.floats(0, 2000)),
    st.builds(ask.MarkTask, task=st.integers(1, 4)),
    st.builds(ask.Retake, reason=st.just("r"), variant=VARIANTS, consent=st.sampled_from([None, True, False])),
    st.builds(ask.SetOutcome, participant=PEOPLE, outcome=st.sampled_from([None, *Outcome])),
)


class AnyDay(RuleBasedStateMachine):
    """Presses, sound and faults; a daemon that died is started again."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="any-day-"))
        self.disk, self.heard = Disk(), Heard()
        self.room = MortalRoom(self.home, self.disk)
        self.alive = self.is_over = False
        self.states = {State.CLOSED}  # more than one after a death amid a command
        self.durable = 0
        self.held: list[tuple[int, tuple[str, str | None], tuple[str, str | None]]] = []  # blocks not yet placed
        self.microphone = [1, 0]  # run, and the next frame in it
        self.outage_s = 0.0  # since a block was last recorded

    @initialize()
    def begin(self) -> None:
        self.room.start()
        self.alive = True
        self.files = Files(self.room.folder)
        self._sound(2)

    # -- sound ---------------------------------------------------------------------------------------------

    def is_alive(self) -> bool:
        return self.alive

    @precondition(is_alive)
    @rule(blocks=st.integers(1, 12))
    def sound(self, blocks: int) -> None:
        self._survive(lambda: self._sound(blocks))

    @precondition(is_alive)
    @rule(blocks=st.integers(1, 5))
    def the_daemon_stands_still(self, blocks: int) -> None:
        """It gets several blocks at once; each tells when it was delivered."""
        self._survive(lambda: self._sound(1, at_once=blocks))

    @precondition(is_alive)
    @rule(blocks=st.integers(1, 30))
    def sound_is_dropped(self, blocks: int) -> None:
        """The capture child had no more room for it."""
        self.room.clock.advance(blocks * BLOCK / RATE)
        self.microphone[1] += blocks * BLOCK
        self._survive(lambda: self._sound(1))

    @precondition(is_alive)
    @rule(unnoticed_s=st.sampled_from([0.0, 0.35, 9.0]), away_s=st.sampled_from([0.05, 1.0, 7.7, 130.0]))
    def the_microphone_goes(self, unnoticed_s: float, away_s: float) -> None:
        self._survive(lambda: self._lose(unnoticed_s, away_s))

    def _lose(self, unnoticed_s: float, away_s: float) -> None:
        run = self.microphone[0]
        self.microphone = [run + 1, 0]
        self._pass(unnoticed_s)
        self.room.tell(CaptureLost(run, "unplugged"))
        self._pass(away_s)

    def _pass(self, seconds: float) -> None:
        """Time passes without a sound; the recorder turns now and then."""
        for _ in range(5):
            self.room.clock.advance(seconds / 5)
            self.room.handled()
            self._note_durable()

    def _sound(self, turns: int, at_once: int = 1) -> None:
        for _ in range(turns):
            blocks = [self._block() for _ in range(at_once)]
            before, heard = self._writing_to(), len(self.heard.ends)
            self.room.tell(*blocks)
            after = self._writing_to()
            if before is not None and after is not None:
                self.held += [(block, before, after) for block in range(heard - at_once, heard)]
            self._owe_what_is_placed()
            self._note_durable()

    def _owe_what_is_placed(self) -> None:
        """Where blocks are in doubt (lost or late?) they wait in memory, a second at most: a kill takes them."""
        taping = self.room.recorder._taping
        if self.room.recorder._reel.failure is not None:
            self.held.clear()  # there was no disk to put them on
        waiting = len(taping._arrivals._held) if taping is not None else 0
        while len(self.held) > waiting:
            self._owe(*self.held.pop(0))

    def _block(self) -> Block:
        self.room.clock.advance(BLOCK / RATE)
        run, first = self.microphone
        self.microphone[1] += BLOCK
        sound = self.heard.next_block(self.room.clock.wall.timestamp())
        return Block(run, first, self.room.clock.ns, overflow=False, data=sound)

    def _writing_to(self) -> tuple[str, str | None] | None:
        """The stream being recorded and the tape of the take that is."""
        status, day = self.room.recorder.status, self.room.recorder._day
        if status.stream is None:
            return None
        return status.stream.file, day.take.tape if day.take and status.state is State.RECORDING else None

    def _owe(self, block: int, before: tuple[str, str | None], after: tuple[str, str | None]) -> None:
        self.heard.owed.add(block)
        self.outage_s = 0.0
        tape = before[1]
        if tape is not None and tape == after[1]:  # its first frames may be the post-roll of the take before
            if tape in self.heard.owed_to:
                self.heard.owed_to[tape].add(block)
            self.heard.owed_to.setdefault(tape, set())

    def _note_durable(self) -> None:
        """A power cut takes nothing of what is on the disk now, and at no time more than a second."""
        files = [part.file for part in self.room.recorder._day.parts if part.frames != 0]
        parts = {file: self.disk.unsynced(self.room.folder / file) for file in files}
        if not any(parts.values()):
            self.durable = len(self.heard.ends) - len(self.held)
        unsynced = sum(parts.values()) // 2  # silence of a gap included, which a cut may take
        at_risk_s = min((len(self.heard.ends) - len(self.held) - self.durable) * BLOCK, unsynced) / RATE
        assert at_risk_s <= 1.0 or self.disk.space is not None, f"a power cut now would take {at_risk_s} s: {parts}"

    # -- presses -------------------------------------------------------------------------------------------

    @precondition(is_alive)
    @rule(command=COMMANDS)
    def press(self, command: Command) -> None:
        self._survive(lambda: self._press(command))

    @precondition(is_alive)
    @rule(participant=PEOPLE)
    def start_recording(self, participant: int) -> None:
        self._survive(lambda: self._press(ask.Start(participant=participant, end_previous=True)))

    @precondition(lambda self: self.alive and self.room.recorder._day.takes)
    @rule(data=st.data(), to=PEOPLE, variant=st.sampled_from(["7", "8"]), which=st.booleans())
    def repair(self, data: Any, to: int, variant: str, which: bool) -> None:
        take = data.draw(st.sampled_from(sorted(self.room.recorder._day.takes)))
        reassign, correct = (
            ask.Reassign(take=take, to=to, reason="r"),
            ask.Correct(take=take, variant=variant, reason="r"),
        )
        self._survive(lambda: self._press(reassign if which else correct))

    def _press(self, command: Command) -> None:
        (state,) = self.states
        possible, after = EXPECTED[type(command)]
        after = self._after(command) or after or state
        self.states = {state, after} | (_BETWEEN if type(command) in _COMPOUND else set())
        try:
            answered = self.room.do(command).state
        except Rejected:
            self.states = {state}
            return
        assert state in possible, f"{command} was carried out while {state}"
        assert answered is after, f"{command} led from {state} to {answered}"
        self.states = {after}

    def _after(self, command: Command) -> State | None:
        take = self.room.recorder._day.take
        ends = isinstance(command, ask.SetOutcome) and command.outcome in {Outcome.EARLY_END, Outcome.REMOVED}
        return State.IDLE if ends and take is not None and take.participant == command.participant else None

    @precondition(lambda self: self.alive and self.room.publisher.held)
    @rule()
    def publishing_goes_on(self) -> None:
        self._survive(self.room.publish)

    # -- faults --------------------------------------------------------------------------------------------

    @precondition(is_alive)
    @rule()
    def killed_now(self) -> None:
        self._bury()

    @precondition(is_alive)
    @rule(writes=st.integers(1, 12), how=st.sampled_from(["before", "half", "after"]))
    def will_be_killed(self, writes: int, how: Death) -> None:
        """At one of its next writes."""
        self.disk.doom(writes, how)

    @precondition(is_alive)
    @rule(pause_s=st.sampled_from([0.5, 40.0, 700.0]))
    def restarted_in_order(self, pause_s: float) -> None:
        self._survive(self.room.stop)
        if self.alive:
            self._owe_what_is_placed()
            self.alive = False
            self.disk.revive()
        self._restart(pause_s)

    @precondition(lambda self: not self.alive)
    @rule(outage_s=st.sampled_from(SHORT_S + LONG_S))
    def started_again(self, outage_s: float) -> None:
        self._restart(outage_s)

    @precondition(lambda self: not self.alive)
    @rule(data=st.data(), outage_s=st.sampled_from((30.0, *LONG_S)))
    def the_power_was_cut(self, data: Any, outage_s: float) -> None:
        """It comes back, and the machine with a new steady clock."""
        self.disk.cut_power(self.room.folder, lambda: data.draw(st.floats(0, 1)), lambda: data.draw(st.booleans()))
        self.heard.lose_from(self.durable)
        self.states |= {State.IDLE}  # with the tail it may have lost minutes of silence before it
        self.files.forget()
        self.room.boot = f"boot {len(self.heard.ends)}"
        self.room.clock.ns = 10**10
        self._restart(outage_s)

    @precondition(is_alive)
    @rule(frames=st.integers(0, 4 * BLOCK))
    def the_file_can_grow_no_longer_than(self, frames: int) -> None:
        """FAT ends a file at 4 GiB; here a little beyond where the stream is now."""
        stream = self.room.recorder.status.stream
        if stream is not None:
            self.disk.largest[stream.file] = HEADER_BYTES + 2 * (stream.frames + frames)

    @precondition(lambda self: self.alive and self.disk.space is None and self.room.recorder.status.stream)
    @rule(space=st.integers(0, 8 * BLOCK))
    def the_disk_fills_up(self, space: int) -> None:
        self.disk.space = space
        self._survive(lambda: self._sound(8))
        self._there_is_space_again()

    def _there_is_space_again(self) -> None:
        ended = {State.REVIEW if state in _RUNNING else state for state in self.states}
        if not self.alive:
            self.states |= ended
        elif self.room.recorder.status.stream is None:
            self.states = ended
        self.files.look()
        self.disk.space = None
        if self.alive:
            self._survive(lambda: self._sound(110))
            if self.alive and self.states != {State.CLOSED}:
                assert self.room.recorder.status.stream is not None, "there is space, and nothing is recorded"

    # -- life and death ------------------------------------------------------------------------------------

    def _survive(self, act: Any) -> None:
        try:
            act()
        except Died:
            self._bury()

    def _bury(self) -> None:
        self.alive = False
        self.held.clear()
        self.room.bury()
        self.files.look()

    def _restart(self, outage_s: float) -> None:
        self.disk.space = None
        self.room.clock.advance(outage_s)
        self.outage_s += outage_s
        if outage_s > 600:
            self.states = {state if state is State.CLOSED else State.IDLE for state in self.states}
        elif self.outage_s > 580:  # killed again before anything was recorded: the outages add up
            self.states |= {State.IDLE}
        try:
            self.room.start()
        except Died:
            self._bury()
            return
        self.alive = True
        self.microphone = [1, 0]
        self.durable = len(self.heard.ends)  # what a crash left is sealed
        self.states &= {self.room.recorder.status.state}
        assert self.states, f"the day goes on as {self.room.recorder.status.state}"
        self.files.look()
        report = verify(self.room.folder)
        assert report.ok, report.breaches
        self._survive(lambda: self._sound(1))

    @invariant()
    def the_state_is_what_was_pressed(self) -> None:
        if self.alive:
            assert {self.room.recorder.status.state} == self.states
            self._note_durable()

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._finish()
        finally:
            if self.alive:
                self.room.bury()
            self.room.patches.close()
            shutil.rmtree(self.home)

    def _finish(self) -> None:
        """The day closed, everything published: it is all there."""
        if self.alive:
            self._survive(self._end_day)
        if not self.is_over:
            self._restart(2.0)
            self._end_day()
        self.files.look()
        report = verify(self.room.folder)
        assert report.ok, report.breaches
        self.heard.check(self.room.day, self.room.folder)

    def _end_day(self) -> None:
        """It may still be killed on the way, once."""
        self._sound(2)
        if self.states != {State.CLOSED}:
            self._press(ask.Close())
        self._sound(2)
        while self.room.publisher.held:
            report = self.room.publish()
            assert isinstance(report, Published | RecordPublished), (report, self.room.day)
        assert self.room.recorder.status.publishing == ()
        self.room.stop()
        self.alive, self.is_over = False, True
