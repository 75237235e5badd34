"""Async tests run, and end."""

import asyncio
import contextlib

import pytest

from tests.support import aio


async def test_an_async_test_is_run() -> None:
    assert asyncio.get_running_loop().is_running()  # pytest itself refuses such a test


def test_waiting_for_ever_fails() -> None:
    with pytest.raises(TimeoutError, match=r"^not done after 0\.01 s, the test's deadline$"):
        aio.run(asyncio.Event().wait(), 0.01)


def test_an_own_timeout_stays_what_it_is() -> None:
    async def times_out() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match=r"^mine$"):
        aio.run(times_out())


def test_a_cancellation_that_is_swallowed_fails_all_the_same() -> None:
    async def swallows() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError, match="the test's deadline"):
        aio.run(swallows(), 0.01)
