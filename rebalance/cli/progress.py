"""How far a command is that takes its time: on a terminal's stderr, and nowhere else.

Why: an hour of ninety consumers is half a minute of silence, and silence looks like a hang. Rule
kept: what is quick says nothing, and nothing stays on the screen.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

__all__ = ["progress", "rate"]

AFTER_S = 2.0
"""So long nothing is said."""
_EVERY_S = 0.5


@contextmanager
def progress(words: Callable[[float], str]) -> Iterator[None]:
    """Tell `words(seconds so far)` now and then while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    over = Event()
    teller = Thread(target=_tell, args=(words, over), daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _tell(words: Callable[[float], str], over: Event) -> None:
    began, widest = monotonic(), 0
    pause = AFTER_S
    while not over.wait(pause):
        line = words(monotonic() - began)
        widest = max(widest, len(line))
        print(f"\r{line:<{widest}}", end="", file=sys.stderr, flush=True)
        pause = _EVERY_S
    if widest:
        print(f"\r{' ' * widest}", end="\r", file=sys.stderr, flush=True)


def rate(count: int, seconds: float) -> str:
    """So many a second, in words."""
    return f"{round(count / seconds):,}/s" if seconds else "-/s"
