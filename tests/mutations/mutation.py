"""A mutation: a small bug in a real class, put in for a while and taken out again.

Rule kept: nothing is replaced by an imitation; one decision of the real code is left out or turned
round. A mutation passes the plain stories, and shows by what happens, never by an exception alone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["Mutation", "Patch", "room"]


class Patch:
    """What a mutation changes; `undo` puts everything back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def __call__(self, owner: Any, name: str, new: Any) -> Any:
        """Put `new` in the place of `owner.name`; gives what stood there."""
        before = vars(owner)[name]
        self._before.append((owner, name, before))
        setattr(owner, name, new)
        return before

    def undo(self) -> None:
        """Everything as it was, last change first."""
        while self._before:
            setattr(*self._before.pop())


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One bug. `recreates` cites a real one, empty for one that we made up."""

    name: str
    room: str
    rule: str
    breaks: str
    recreates: str
    apply: Callable[[Patch], None]

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """The bug is in for the length of a `with`."""
        patch = Patch()
        try:
            self.apply(patch)
            yield
        finally:
            patch.undo()


def room(name: str, into: list[Mutation]) -> Callable[..., Any]:
    """A decorator that makes mutations of a room out of functions; the docstring says what breaks.

    The first word of the docstring is the rule's id.
    """

    def mutation(recreates: str = "") -> Callable[[Callable[[Patch], None]], Mutation]:
        def made(apply: Callable[[Patch], None]) -> Mutation:
            rule, _, breaks = " ".join((apply.__doc__ or "").split()).partition(": ")
            found = Mutation(
                name=apply.__name__,
                room=name,
                rule=rule,
                breaks=breaks,
                recreates=recreates,
                apply=apply,
            )
            into.append(found)
            return found

        return made

    return mutation
