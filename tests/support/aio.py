"""Async tests without a plugin: ``asyncio.run`` under a deadline.

Rule: a test that waits for something that never comes fails, and says so; it never hangs the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

DEADLINE_S = 60.0


def run(coroutine: Coroutine[Any, Any, T], deadline_s: float = DEADLINE_S) -> T:
    """The coroutine's result; raises TimeoutError after ``deadline_s`` seconds."""
    return asyncio.run(_within(coroutine, deadline_s))


async def _within(coroutine: Coroutine[Any, Any, T], deadline_s: float) -> T:
    deadline = asyncio.timeout(deadline_s)
    late = f"not done after {deadline_s:g} s, the test's deadline"
    try:
        async with deadline:
            result = await coroutine
    except TimeoutError as error:
        if deadline.expired():
            raise TimeoutError(late) from error
        raise
    if deadline.expired():  # something on the way swallowed the cancellation
        raise TimeoutError(late)
    return result
