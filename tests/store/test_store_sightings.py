"""What overrides what in the read model, over random histories of a chain with forks and of who heard what of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chain.answers import Commitment
from store.sightings import Marks, Row, found, heard, lacked

CONFIRMED, FINALIZED = Commitment.CONFIRMED, Commitment.FINALIZED
ACCOUNTS = ("a", "b", "c")
State = dict[str, bytes]


@dataclass
class Model:
    """The read model in memory, by the same rules."""

    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    marks: Marks = field(default_factory=Marks)

    def hear(self, address: str, data: bytes, slot: int) -> None:
        if row := heard(self.rows.get(address), data, slot, CONFIRMED, self.marks):
            self.rows[address] = row

    def read(self, state: State, slot: int, commitment: Commitment) -> None:
        if not self.marks.takes(slot, commitment):
            return
        for address, data in state.items():
            if row := found(self.rows.get(address), data, slot, commitment, self.marks):
                self.rows[address] = row
        for address in set(self.rows) - set(state):
            row = self.rows[address]
            missing = lacked(slot, row.slot, row.absent_since, commitment, self.marks)
            if missing.marked:
                self.rows[address] = Row(row.data, row.slot, row.commitment, slot)
            if missing.gone:
                del self.rows[address]
        self.marks = self.marks.after(slot, commitment)

    @property
    def shown(self) -> State:
        return {address: row.data for address, row in self.rows.items()}


class Chain(RuleBasedStateMachine):
    """A chain whose newest slots may be rolled back until they are final, and a model that hears of it late or never.

    Slots of two forks never have the same number, as on a cluster, where a slot has one leader.
    """

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.slots: list[tuple[int, State]] = [(0, {})]
        self.final = 0
        self.next_slot = 1
        self.writes = 0
        self.late: list[Callable[[], None]] = []
        self.forked = False

    @property
    def state(self) -> State:
        return self.slots[-1][1]

    @rule(address=st.sampled_from(ACCOUNTS), told=st.sampled_from(["at once", "late", "never"]))
    def write(self, address: str, told: str) -> None:
        self.writes += 1
        data, slot = b"%d" % self.writes, self.next_slot
        self._close_slot(self.state | {address: data})
        if told == "at once":
            self.model.hear(address, data, slot)
        elif told == "late":
            self.late.append(lambda: self.model.hear(address, data, slot))

    @rule(address=st.sampled_from(ACCOUNTS))
    def close(self, address: str) -> None:
        """Nobody notifies of an account that is closed."""
        self._close_slot({kept: data for kept, data in self.state.items() if kept != address})

    @rule()
    def empty_slot(self) -> None:
        self._close_slot(self.state)

    @precondition(lambda self: self.late)
    @rule(choice=st.integers(min_value=0))
    def arrive(self, choice: int) -> None:
        self.late.pop(choice % len(self.late))()

    @rule(by=st.integers(min_value=1, max_value=4))
    def finalize(self, by: int) -> None:
        self.final = min(self.final + by, len(self.slots) - 1)

    @rule(to=st.integers(min_value=0, max_value=4))
    def roll_back(self, to: int) -> None:
        kept = min(self.final + to, len(self.slots) - 1)
        self.forked |= kept < len(self.slots) - 1
        del self.slots[kept + 1 :]

    @rule(commitment=st.sampled_from([CONFIRMED, FINALIZED]), lag=st.integers(0, 3), late=st.booleans())
    def read(self, commitment: Commitment, lag: int, late: bool) -> None:
        """A node that lags tells of an older slot; an answer may arrive after others."""
        newest = self.final if commitment is FINALIZED else len(self.slots) - 1
        slot, state = self.slots[max(0, newest - lag)]
        if late:
            self.late.append(lambda: self.model.read(state, slot, commitment))
        else:
            self.model.read(state, slot, commitment)

    @rule()
    def all_is_read(self) -> None:
        """Converges: whatever happened before, the chain as it is now, and two final reads, make the model right."""
        for _ in range(2):
            self.empty_slot()
            slot, state = self.slots[-1]
            self.model.read(state, slot, CONFIRMED)
            assert {address: self.model.shown.get(address) for address in state} == state
            self.final = len(self.slots) - 1
            self.empty_slot()
            self.final = len(self.slots) - 1
            slot, state = self.slots[-1]
            self.model.read(state, slot, FINALIZED)
        assert self.model.shown == self.state
        assert all(row.absent_since is None for row in self.model.rows.values())
        assert all(row.commitment is FINALIZED for row in self.model.rows.values())

    @invariant()
    def nothing_turns_back(self) -> None:
        """Without forks, what is shown of an account never grows older."""
        before: dict[str, int] = getattr(self, "_shown", {})
        now = {address: int(row.data) for address, row in self.model.rows.items()}
        if not self.forked:
            assert all(now[address] >= number for address, number in before.items() if address in now)
        self._shown = before | now

    @invariant()
    def what_is_final_is_of_the_chain(self) -> None:
        """A row that says it is final holds what some final slot of the chain held."""
        history = self.slots[: self.final + 1]
        for address, row in self.model.rows.items():
            if row.commitment is FINALIZED:
                assert any(state.get(address) == row.data for _, state in history)

    def _close_slot(self, state: State) -> None:
        self.slots.append((self.next_slot, state))
        self.next_slot += 1


TestChain = Chain.TestCase
TestChain.settings = settings(
    max_examples=300, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_a_rolled_back_row_stays_until_a_final_read_reaches_its_slot() -> None:
    model = Model()
    model.read({"a": b"0"}, 10, FINALIZED)
    model.hear("a", b"lost", 20)
    model.read({"a": b"0"}, 19, FINALIZED)
    assert model.shown == {"a": b"lost"}
    model.read({"a": b"0"}, 20, FINALIZED)
    assert model.rows["a"] == Row(b"0", 20, FINALIZED)


def test_an_account_goes_at_the_second_read_that_lacks_it_and_only_at_a_final_one() -> None:
    model = Model()
    model.read({"a": b"0"}, 10, FINALIZED)
    model.read({}, 11, CONFIRMED)
    assert model.rows["a"].absent_since == 11
    model.read({}, 12, CONFIRMED)
    model.read({}, 11, FINALIZED)
    assert model.shown == {"a": b"0"}
    model.read({}, 12, FINALIZED)
    assert model.shown == {}


def test_an_account_that_is_back_is_no_longer_missing() -> None:
    model = Model()
    model.read({"a": b"0"}, 10, FINALIZED)
    model.read({}, 11, FINALIZED)
    model.read({"a": b"0"}, 12, FINALIZED)
    assert model.rows["a"] == Row(b"0", 10, FINALIZED)
    model.read({}, 13, CONFIRMED)
    model.hear("a", b"1", 14)
    assert model.rows["a"] == Row(b"1", 14, CONFIRMED)


def test_a_read_that_agrees_makes_older_notifications_late() -> None:
    model = Model()
    model.hear("a", b"0", 10)
    model.read({"a": b"0"}, 20, CONFIRMED)
    model.hear("a", b"older", 15)
    assert model.rows["a"] == Row(b"0", 10, CONFIRMED)


def test_a_final_read_older_than_a_confirmed_one_decides_nothing() -> None:
    model = Model()
    model.read({"a": b"0", "b": b"0"}, 10, FINALIZED)
    model.read({"a": b"0", "b": b"0"}, 30, CONFIRMED)
    model.read({"a": b"went to and fro", "c": b"came and went"}, 25, FINALIZED)
    assert model.rows == {"a": Row(b"0", 10, FINALIZED), "b": Row(b"0", 10, FINALIZED)}


def test_a_read_cannot_lack_what_is_newer_than_it() -> None:
    model = Model()
    model.hear("a", b"0", 20)
    model.read({}, 15, FINALIZED)
    model.read({}, 16, FINALIZED)
    assert model.rows == {"a": Row(b"0", 20, CONFIRMED)}


def test_a_confirmed_read_older_than_a_final_one_is_not_taken() -> None:
    model = Model()
    model.read({"a": b"1"}, 25, FINALIZED)
    model.read({"a": b"0", "b": b"0"}, 20, CONFIRMED)
    assert model.rows == {"a": Row(b"1", 25, FINALIZED)}
    assert model.marks == Marks(confirmed=-1, finalized=25)
