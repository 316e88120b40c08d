"""Which page goes next."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ebank_sentinel.model.page import Page
from ebank_sentinel.model.severity import Severity
from ebank_sentinel.paging.order import Queue
from support.pages import page


def drained(queue: Queue) -> list[str]:
    """The steps in the order in which they come, each done before the next is taken."""
    steps = []
    while (taken := queue.take()) is not None:
        steps.append(taken.step)
        queue.done(taken)
    return steps


def test_the_gravest_goes_first_and_then_the_oldest() -> None:
    queue = Queue()
    queue.add(page(cause="a", step="third, young", severity=Severity.III, age=1))
    queue.add(page(cause="b", step="third, old", severity=Severity.III, age=9))
    queue.add(page(cause="c", step="first", severity=Severity.I))
    assert drained(queue) == ["first", "third, old", "third, young"]


def test_the_same_page_is_not_taken_twice_while_it_waits_or_is_out() -> None:
    queue = Queue()
    assert queue.add(page())
    assert not queue.add(page())
    taken = queue.take()
    assert taken is not None
    assert not queue.add(page())
    assert queue.take() is None
    queue.done(taken)
    assert queue.add(page())


def test_an_all_clear_waits_until_its_alarm_has_ended_even_when_it_came_first() -> None:
    queue = Queue()
    queue.add(page(step="resolved", severity=Severity.I))
    queue.add(page(step="first", severity=Severity.IV, age=60))
    alarm = queue.take()
    assert alarm is not None
    assert alarm.step == "first"
    assert queue.take() is None
    queue.done(alarm)
    assert drained(queue) == ["resolved"]


def test_what_a_grave_page_waits_for_is_as_urgent_as_that_page() -> None:
    queue = Queue()
    queue.add(page(cause="other", step="other", severity=Severity.III, age=99))
    queue.add(page(step="first", severity=Severity.IV, age=9))
    queue.add(page(step="worse", severity=Severity.I))
    assert drained(queue) == ["first", "worse", "other"]


def test_another_recipient_of_the_same_cause_does_not_wait() -> None:
    queue = Queue()
    queue.add(page(recipient="wang.fang"))
    queue.add(page(recipient="li.lei"))
    assert queue.take() is not None
    assert queue.take() is not None


def test_what_waits_can_be_forgotten_and_what_is_out_still_ends() -> None:
    queue = Queue()
    for cause in "abc":
        queue.add(page(cause=cause))
    taken = queue.take()
    assert taken is not None
    queue.clear()
    assert (queue.waiting, queue.out) == (0, 1)
    queue.done(taken)
    assert (queue.waiting, queue.out, queue.take()) == (0, 0, None)


class AnyOrder(RuleBasedStateMachine):
    """Against a plain model: a list, and a search through all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.waiting: list[Page] = []
        self.out: list[Page] = []

    @rule(
        cause=st.sampled_from("ab"),
        step=st.sampled_from("123456"),
        severity=st.sampled_from(Severity),
        age=st.integers(0, 9),
    )
    def add(self, cause: str, step: str, severity: Severity, age: int) -> None:
        new = page(cause=cause, step=step, severity=severity, age=age)
        known = {waiting.id for waiting in self.waiting + self.out}
        assert self.queue.add(new) == (new.id not in known)
        if new.id not in known:
            self.waiting.append(new)

    @rule()
    def take(self) -> None:
        busy = {taken.cause for taken in self.out}
        free = [waiting for waiting in self.waiting if waiting.cause not in busy]
        taken = self.queue.take()
        if taken is None:
            assert not free
            return
        line = [waiting for waiting in free if waiting.cause == taken.cause]
        gravest = max(waiting.severity for waiting in free)
        assert taken.created_at == min(waiting.created_at for waiting in line)
        assert max(waiting.severity for waiting in line) == gravest
        self.waiting.remove(taken)
        self.out.append(taken)

    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        if self.out:
            ended = data.draw(st.sampled_from(self.out))
            self.out.remove(ended)
            self.queue.done(ended)

    @rule()
    def clear(self) -> None:
        self.queue.clear()
        self.waiting.clear()

    @invariant()
    def counts(self) -> None:
        assert (self.queue.waiting, self.queue.out) == (len(self.waiting), len(self.out))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
