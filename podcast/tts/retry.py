"""Trying again, politely: what the online engines share.

A try that failed for a reason that may pass raises Passing.  `persist` tries again with exponential backoff and full
jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015), never sooner than the service asked for, and says in the
end what it saw each time.  `Limiter` bounds how many requests are open at once and how often one starts; it halves the
bound when the service pushes back and raises it slowly while requests succeed (additive increase, multiplicative
decrease: Chiu and Jain 1989, as in TCP).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from podcast.errors import EngineUnavailable

FIRST_WAIT_SECONDS = 1.0  # upper bound of the first wait; doubles each time
LONGEST_WAIT_SECONDS = 30.0
LONGEST_ASKED_SECONDS = 120.0  # a service that asks for more is given up, so that another engine can step in

Result = TypeVar("Result")
Sleep = Callable[[float], Awaitable[None]]


class Passing(Exception):
    """A try failed in a way that may pass: a signal from an engine to `persist`, never seen by the engine's caller."""

    def __init__(
        self, what: str, *, hint: str = "", retry_after_seconds: float = 0.0, pushed_back: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.retry_after_seconds = retry_after_seconds  # as the service asked; 0 = it did not
        self.pushed_back = pushed_back  # the service asks for fewer requests (429, 503)


class Limiter:
    """How many requests may be open at once, and how soon after one the next may start."""

    def __init__(
        self,
        most: int,
        rate_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.most = most
        self.bound = float(most)  # requests open at once, now; the part after the point is progress to one more
        self._interval_seconds = 1 / rate_per_second
        self._clock = clock
        self._sleep = sleep
        self._active = 0
        self._next_start = 0.0  # by `clock`
        self._cuts = 0
        # Futures rather than an asyncio.Condition, which belongs to the first event loop that waits on it.
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it.  A Passing that leaves the block with `pushed_back` set lowers the bound."""
        await self._enter()
        cuts = self._cuts
        try:
            while (wait_seconds := self._next_start - self._clock()) > 0:
                await self._sleep(wait_seconds)
            self._next_start = self._clock() + self._interval_seconds
            yield
            self.bound = min(self.most, self.bound + 1 / self.bound)
        except Passing as problem:
            if problem.pushed_back:
                self._push_back(problem.retry_after_seconds, cuts)
            raise
        finally:
            self._active -= 1
            self._wake()

    def _push_back(self, retry_after_seconds: float, cuts: int) -> None:
        self._next_start = max(self._next_start, self._clock() + min(retry_after_seconds, LONGEST_ASKED_SECONDS))
        if cuts == self._cuts:  # requests that started before the last cut say nothing about the bound after it
            self.bound = max(1.0, self.bound / 2)
            self._cuts += 1

    async def _enter(self) -> None:
        while self._active >= int(self.bound):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()  # the turn was given to us and we cannot take it
                raise
        self._active += 1

    def _wake(self) -> None:
        free = int(self.bound) - self._active
        while self._waiting and free > 0:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1


async def persist(
    once: Callable[[], Awaitable[Result]],
    *,
    engine: str,
    where: str,
    attempts: int,
    limiter: Limiter,
    task: str = "speak this",
    sleep: Sleep = asyncio.sleep,
) -> Result:
    """Call `once` inside a slot of the limiter until it returns; `where` names the utterance.

    Raises EngineUnavailable after `attempts` tries, or as soon as the service asks for more than two minutes' patience;
    whatever else `once` raises goes through at once.
    """
    seen: list[Passing] = []

    def wait_seconds(state: RetryCallState) -> float:
        bound = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (state.attempt_number - 1))
        jitter = random.uniform(0, bound)  # noqa: S311 -- spreads requests in time, guards nothing
        return seen[-1].retry_after_seconds + jitter

    def give_up(state: RetryCallState) -> bool:
        return state.attempt_number >= attempts or seen[-1].retry_after_seconds > LONGEST_ASKED_SECONDS

    async def once_in_a_slot() -> Result:
        try:
            async with limiter.slot():
                return await once()
        except Passing as problem:
            seen.append(problem)
            raise

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Passing), wait=wait_seconds, stop=give_up, sleep=sleep, reraise=True
    )
    try:
        return await retrying(once_in_a_slot)
    except Passing as problem:
        tries = "1 try" if len(seen) == 1 else f"{len(seen)} tries"
        raise EngineUnavailable(
            f"{engine} could not {task} in {tries}: {_summary(seen)}", where=where, hint=problem.hint or None
        ) from problem


def retry_after_seconds(value: str | None) -> float:
    """The seconds that a Retry-After header asks for, a number or a date (RFC 9110, 10.2.3); 0 where it does not."""
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _summary(seen: list[Passing]) -> str:
    counted = Counter(problem.what for problem in seen)  # in order of first sight
    return "; ".join(what if count == 1 else f"{what} ({count} times)" for what, count in counted.items())
