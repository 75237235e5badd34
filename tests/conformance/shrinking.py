"""A conversation that shows a difference, made as small as it can be by leaving acts out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.conformance.acts import Act, Conversation


def shrunk(
    conversation: Conversation, differs: Callable[[Conversation], bool], *, most_tries: int = 300
) -> Conversation:
    """The conversation without any act that can be left out, one by one or many at once.

    Each try is played anew; `most_tries` bounds how often.
    """
    acts, tries = conversation.acts, 0
    size = len(acts) // 2
    while size:
        start = 0
        while start < len(acts) and tries < most_tries:
            fewer = (*acts[:start], *acts[start + size :])
            tries += 1
            if differs(replace(conversation, acts=fewer)):
                acts = fewer
            else:
                start += size
        size //= 2
    return replace(conversation, acts=tuple(acts))


def as_code(people: Sequence[tuple[str, str | None]], acts: Sequence[Act]) -> str:
    """What to keep: the conversation as Python."""
    lines = [f"    {act!r}," for act in acts]
    return "\n".join([f"Conversation(people={tuple(people)!r}, acts=(", *lines, "))"])
