"""What a control may be given: a test that is written wrongly hears of it at the call."""

from __future__ import annotations

import math

__all__ = ["is_number", "is_whole"]


def is_number(value: object) -> bool:
    """A finite number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: object) -> bool:
    """A whole number; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)
