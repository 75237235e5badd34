"""A case that was played, with what each broker answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance.conversation import Case
from tests.conformance.side import Line, Side
from tests.conversations.raw import NoAnswerError

NOBODY_ANSWERS = "nobody answers"
"""Stands where somebody's name does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A case, and what each broker answered."""

    case: Case
    kafka: list[Line]
    ours: list[Line]


def told(side: Side, play: Callable[[], object]) -> list[Line]:
    """What the side heard when something was played; an answer that does not come is a line too."""
    try:
        play()
    except NoAnswerError as error:
        return [*side.transcript, (NOBODY_ANSWERS, str(error))]
    return side.transcript
