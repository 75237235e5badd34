"""How far a long comparison is: a line to stderr now and then, and each difference at once."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

_EVERY_S = 15.0


class Progress:
    """Of one part of it: so many conversations, `what` they are."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._begun = self._last = time.monotonic()
        self._told = 0

    def tell(self, played: int, differences: Sequence[str]) -> None:
        """So many are played; those that differ so far, of which new ones are printed whole."""
        for difference in differences[self._told :]:
            print(f"differs: {difference}", file=sys.stderr, flush=True)
        self._told = len(differences)
        now = time.monotonic()
        if now - self._last < _EVERY_S and played < self._total:
            return
        self._last = now
        left = (now - self._begun) / played * (self._total - played)
        print(
            f"{now - self._begun:5.0f} s  {played:,} of {self._total:,} conversations "
            f"{self._what}, {len(differences)} differ; about {left / 60:.0f} min left",
            file=sys.stderr,
            flush=True,
        )
