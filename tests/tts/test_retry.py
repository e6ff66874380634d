"""Trying again: how long it waits, when it gives up, how many it lets through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from podcast.errors import EngineUnavailable, SpeechRefused
from podcast.testing import FakeClock
from podcast.tts.retry import LONGEST_ASKED_SECONDS, Limiter, Passing, persist, retry_after_seconds


def failing(*errors: Exception) -> Callable[[], Awaitable[str]]:
    """Raises one error after the other, then returns."""
    left = list(errors)

    async def once() -> str:
        if left:
            raise left.pop(0)
        return "spoken"

    return once


def run(
    once: Callable[[], Awaitable[str]], clock: FakeClock, *, attempts: int = 5, limiter: Limiter | None = None
) -> str:
    return asyncio.run(
        persist(
            once,
            engine="edge",
            where="s01-u02",
            attempts=attempts,
            limiter=limiter or limit(clock),
            sleep=clock.sleep,
        )
    )


def limit(clock: FakeClock, most: int = 4, rate_per_second: float = 1e9) -> Limiter:
    return Limiter(most, rate_per_second, clock=clock, sleep=clock.sleep)


def test_it_waits_longer_each_time_and_never_the_same() -> None:
    clock = FakeClock()
    assert run(failing(*[Passing("down")] * 4), clock) == "spoken"
    waits = [seconds for seconds in clock.slept if seconds > 1e-6]
    assert len(set(waits)) == 4
    assert all(seconds <= bound for seconds, bound in zip(waits, (1, 2, 4, 8), strict=True))


def test_it_never_waits_less_than_it_was_asked_to() -> None:
    clock = FakeClock()
    run(failing(Passing("busy", retry_after_seconds=20)), clock)
    assert clock.seconds >= 20


def test_it_gives_up_and_tells_what_it_saw() -> None:
    seen = [Passing("status 503"), Passing("no audio"), Passing("status 503", hint="Wait.")]
    with pytest.raises(EngineUnavailable) as caught:
        run(failing(*seen), FakeClock(), attempts=3)
    assert str(caught.value) == (
        "s01-u02: edge could not speak this in 3 tries: status 503 (2 times); no audio\n  Wait."
    )


def test_it_gives_up_at_once_where_the_service_asks_for_too_much_patience() -> None:
    clock = FakeClock()
    with pytest.raises(EngineUnavailable, match="in 1 try"):
        run(failing(Passing("closed", retry_after_seconds=LONGEST_ASKED_SECONDS + 1)), clock)
    assert clock.seconds == 0


def test_what_will_not_pass_is_not_tried_again() -> None:
    clock = FakeClock()
    with pytest.raises(SpeechRefused):
        run(failing(SpeechRefused("no such voice")), clock)
    assert clock.slept == []


def peak_of(limiter: Limiter, outcomes: Sequence[Exception | None]) -> int:
    """The most that were inside at once, of requests that all want in at once and end as told."""
    active = peak = 0

    async def request(outcome: Exception | None) -> None:
        nonlocal active, peak
        try:
            async with limiter.slot():
                active += 1
                peak = max(peak, active)
                await asyncio.sleep(0.001)
                active -= 1
                if outcome:
                    raise outcome
        except Passing:
            pass

    async def all_of_them() -> None:
        await asyncio.gather(*map(request, outcomes))

    asyncio.run(all_of_them())
    return peak


def test_no_more_are_let_through_than_the_bound() -> None:
    assert peak_of(limit(FakeClock(), most=3), [None] * 20) == 3


def test_fewer_are_let_through_when_the_service_pushes_back() -> None:
    limiter = limit(FakeClock(), most=8)
    peak_of(limiter, [Passing("busy", pushed_back=True)])
    assert peak_of(limiter, [None] * 4) == 4
    assert limiter.bound > 4


def test_one_burst_of_refusals_is_one_sign() -> None:
    limiter = limit(FakeClock(), most=8)
    peak_of(limiter, [Passing("busy", pushed_back=True)] * 8)
    assert limiter.bound == 4


def test_one_is_always_let_through_and_success_raises_the_bound_to_the_most() -> None:
    limiter = limit(FakeClock(), most=4)
    for _ in range(10):
        peak_of(limiter, [Passing("busy", pushed_back=True)])
    assert limiter.bound == 1
    peak_of(limiter, [None] * 40)
    assert limiter.bound == 4


def test_other_failures_do_not_lower_the_bound() -> None:
    limiter = limit(FakeClock(), most=4)
    peak_of(limiter, [Passing("dropped")] * 8)
    assert limiter.bound == 4


def test_requests_start_no_sooner_than_the_rate_allows() -> None:
    clock = FakeClock()
    peak_of(limit(clock, most=4, rate_per_second=2), [None] * 9)
    assert clock.seconds == pytest.approx(4.0)  # eight gaps of half a second


def test_all_pause_when_the_service_asks_one_to() -> None:
    clock = FakeClock()
    limiter = limit(clock)
    peak_of(limiter, [Passing("busy", pushed_back=True, retry_after_seconds=30)])
    peak_of(limiter, [None])
    assert clock.seconds >= 30


def test_a_request_that_is_cancelled_while_it_waits_gives_its_turn_on() -> None:
    async def scenario() -> bool:
        limiter = limit(FakeClock(), most=1)

        async def request() -> bool:
            async with limiter.slot():
                await asyncio.sleep(0.001)
            return True

        first, second, third = (asyncio.create_task(request()) for _ in range(3))
        await asyncio.sleep(0)
        second.cancel()
        await first
        async with asyncio.timeout(5):
            return await third

    assert asyncio.run(scenario())


def test_a_limiter_serves_one_event_loop_after_the_other() -> None:
    limiter = limit(FakeClock(), most=1)
    assert [peak_of(limiter, [None] * 3) for _ in range(2)] == [1, 1]


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after_seconds("7") == 7
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < retry_after_seconds(later) <= 60
    assert [retry_after_seconds(each) for each in (None, "", "soon", "-3", "Wed, 01 Jan 2020 00:00:00 GMT")] == [0] * 5
