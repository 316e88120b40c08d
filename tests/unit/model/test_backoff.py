"""How long a page waits after an attempt that failed for now."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ebank_sentinel.model.backoff import backoff


@given(st.text(st.characters(exclude_categories=[])), st.integers(1, 10**9))
def test_it_doubles_up_to_a_minute_and_is_the_same_every_time(page: str, attempts: int) -> None:
    wait = backoff(page, attempts)
    whole = min(timedelta(seconds=2 ** min(attempts - 1, 10)), timedelta(seconds=60))
    assert whole / 2 <= wait <= whole
    assert wait == backoff(page, attempts)


def test_many_pages_that_failed_together_do_not_come_back_together() -> None:
    waits = {backoff(f"page {number}", 5) for number in range(1000)}
    assert len(waits) > 990
