"""What people and jobs ask of the desk: each gets its answer, and who comes second is told who was first."""

from __future__ import annotations

import pytest

from ebank_sentinel.incidents.decide import decide
from ebank_sentinel.model.item import Acknowledge, Announcement, Heartbeat
from ebank_sentinel.model.item import TestPage as PageToTest  # pytest would collect it by its own name
from ebank_sentinel.model.page import Outcome, PageState
from ebank_sentinel.model.reading import TargetId
from ebank_sentinel.model.reason import Reason
from support.deciding import Story, at, rule


@pytest.fixture
def story() -> Story:
    return Story(None, rule(hold=0))


class TestAck:
    @pytest.fixture(autouse=True)
    def _opened(self, story: Story) -> None:
        story.fails(0)

    def test_by_code_or_by_id_the_first_has_it(self, story: Story) -> None:
        answer = story.takes(30, "wang", story.incident.code, note="on my way")
        assert (answer.status, answer.title, answer.subject) == (200, "Acknowledged", story.incident.id)
        assert answer.detail == f"{story.incident.code} is taken by 王芳"
        ack = story.incident.ack
        assert ack is not None
        assert (ack.person, ack.name, ack.at, ack.note) == ("wang", "王芳", at(30), "on my way")
        assert story.reasons(Reason.ACKNOWLEDGED) == ["wang: on my way"]

    def test_the_second_is_told_who_was_first_and_when(self, story: Story) -> None:
        story.takes(30, "wang", story.incident.id)
        answer = story.takes(90, "li", story.incident.id)
        assert (answer.status, answer.title) == (200, "Already acknowledged")
        assert answer.detail == f"{story.incident.code} was taken by 王芳 at 03:00"
        assert story.incident.ack is not None
        assert story.incident.ack.person == "wang"

    def test_of_two_in_one_batch_the_earlier_has_it(self, story: Story) -> None:
        code = story.incident.code
        late = Acknowledge(request="a", incident=code, person="li", at=at(31))
        early = Acknowledge(request="b", incident=code, person="wang", at=at(30))
        draft = story.decide(late, early, now=31)
        assert {request: answer.title for request, answer in draft.answers.items()} == {
            "a": "Already acknowledged",
            "b": "Acknowledged",
        }

    def test_of_two_at_one_moment_it_does_not_matter_who_stands_first_in_the_batch(self, story: Story) -> None:
        code = story.incident.code
        two = [Acknowledge(request=person, incident=code, person=person, at=at(30)) for person in ("wang", "li")]
        drafts = [decide(story.ledger, order, story.bank.world(), at(30)) for order in (two, two[::-1])]
        assert drafts[0].answers == drafts[1].answers
        assert drafts[0].delta() == drafts[1].delta()

    def test_what_ended_can_no_longer_be_taken(self, story: Story) -> None:
        code = story.incident.code
        story.works(30)
        story.passes(90)
        answer = story.takes(100, "wang", code)
        assert (answer.status, answer.title) == (404, "No such open incident")
        assert answer.detail == f"no open incident has the code or id {code!r}: it may have ended"

    def test_an_unknown_person_takes_nothing(self, story: Story) -> None:
        answer = story.takes(30, "chen", story.incident.code)
        assert (answer.status, answer.detail) == (422, "there is no person 'chen' in the contacts")
        assert story.incident.ack is None

    def test_a_code_goes_to_the_next_incident_once_it_is_free(self, story: Story) -> None:
        story.works(30)
        story.passes(90)
        assert story.ledger.incident_by_code == {}


class TestTestPage:
    def test_goes_out_on_every_channel_of_the_person(self, story: Story) -> None:
        draft = story.decide(PageToTest(request="r1", person="wang", at=at(5)), now=5)
        assert story.sent() == ["wang sms test test", "wang mail test test"]
        answer = draft.answers["r1"]
        assert (answer.status, answer.detail, answer.subject) == (202, "sent by sms, mail", "test-r1")

    def test_concerns_no_incident(self, story: Story) -> None:
        draft = story.decide(PageToTest(request="r1", person="wang", at=at(5)), now=5)
        assert {event.incident for event in draft.events} == {None}

    def test_is_forgotten_once_all_is_settled(self, story: Story) -> None:
        story.decide(PageToTest(request="r1", person="wang", at=at(5)), now=5)
        story.accept_all(6)
        assert (story.ledger.pages, story.ledger.pages_of) == ({}, {})

    def test_of_nobody_is_refused(self, story: Story) -> None:
        draft = story.decide(PageToTest(request="r1", person="chen", at=at(5)), now=5)
        assert (draft.answers["r1"].status, draft.answers["r1"].title) == (422, "Unknown person")

    def test_of_somebody_without_addresses_is_refused(self, story: Story) -> None:
        del story.bank.channels["mail"]
        draft = story.decide(PageToTest(request="r1", person="zhao", at=at(5)), now=5)
        assert draft.answers["r1"].detail == "zhao has no address for any channel that is configured"
        assert not draft.pages


class TestAnnouncement:
    def test_goes_to_the_first_step_of_a_group_as_level_iii_does(self, story: Story) -> None:
        item = Announcement(request="r1", group="technical", detail="rules/login.yaml:3:5: when: no", at=at(5))
        draft = story.decide(item, now=5)
        assert story.sent() == ["wang sms config config"]
        assert "rules/login.yaml:3:5" in next(iter(draft.pages.values())).message.short
        assert {event.incident for event in draft.events} == {None}
        assert draft.answers["r1"].status == 202

    def test_to_nobody_is_said_in_its_history(self, story: Story) -> None:
        story.decide(Announcement(request="r1", group="nobody", detail="x", at=at(5)), now=5)
        assert story.reasons(Reason.NOBODY) == ["nobody leads to nobody"]

    def test_that_fails_for_good_ends_there(self, story: Story) -> None:
        story.decide(Announcement(request="r1", group="technical", detail="x", at=at(5)), now=5)
        (page,) = story.pages.values()
        story.delivered(6, page, Outcome.FAILED)
        assert story.pages[page.id].state is PageState.FAILED
        assert story.ledger.pages == {}


class TestHeartbeat:
    def test_the_last_one_counts_whatever_the_order(self, story: Story) -> None:
        batch = TargetId("batch", "batch")
        draft = story.decide(
            Heartbeat(request="b", target=batch, at=at(9)), Heartbeat(request="a", target=batch, at=at(5)), now=9
        )
        assert {request: answer.status for request, answer in draft.answers.items()} == {"a": 202, "b": 202}
        story.decide(Heartbeat(request="c", target=batch, at=at(3)), now=10)
        assert story.ledger.heartbeats == {batch: at(9)}
        assert draft.answers["a"].detail == "batch is alive"
