"""Python's collector of cycles, asked to come less often while a world is played.

Why: a simulation keeps nearly all that it makes (its trace, its members), in no cycles, and the
collector goes through it again and again: a fifth of the time with six members, more than a third
with a thousand. Rule kept: it comes less often, never not at all. What it frees later is bounded
by the number of objects made since it came last, some tens of megabytes; a process that
set something rarer for itself keeps that, and what was set before is set again afterwards.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["seldom_collected"]

_SELDOM = (100_000, 20, 10)
"""New objects until the young ones are looked at, and how often that until the older ones are."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """While this lasts, Python looks for cycles seldom. It is one setting for all threads."""
    before = gc.get_threshold()
    if 0 < before[0] < _SELDOM[0]:
        gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
