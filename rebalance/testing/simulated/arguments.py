"""What `simulate` is given, looked at before anything is played.

Why: a test that is green because a word was misspelt says nothing, and says it for years.

Rule kept: each error names the argument as it was given and what was expected in its place. What a
scenario's own words would refuse (settings, assignors) is refused by them, with a line.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from rebalance.testing.simulated.client import ListenerRuns
from rebalance.testing.simulated.journal import Kind

__all__ = ["APPLICATION", "allowed", "seeds_of", "takes_a_sink", "within"]

APPLICATION = "expected `async def` with a consumer, or with a consumer and a sink"

_KINDS: tuple[str, ...] = get_args(Kind)
_RULE = re.compile(r"[A-Z]\d\d")
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def takes_a_sink(application: Callable[..., Any]) -> bool:
    """It wants a second argument: a record is processed when it is put there.

    Raises:
        TypeError: it can be called neither with a consumer nor with a consumer and a sink, or what
            it gives back could not be awaited.
    """
    if not callable(application) or inspect.isasyncgenfunction(application):
        raise TypeError(f"application={application!r}: {APPLICATION}")
    signature = inspect.signature(application)
    needed = [
        each
        for each in signature.parameters.values()
        if each.kind in _POSITIONAL and each.default is each.empty
    ]
    has_sink = len(needed) > 1
    try:
        signature.bind(*[None] * (1 + has_sink))
    except TypeError as error:
        raise TypeError(f"application={application!r}: {APPLICATION}; {error}") from None
    return has_sink


def seeds_of(
    seed: int | None, seeds: int | Iterable[int] | None, scenario: str | None
) -> Iterable[int]:
    """The seeds to play, in their order; for a scenario the one of its stage.

    Raises:
        ValueError: two of them contradict each other, or there are no seeds.
    """
    if seeds is None:
        return (seed or 0,)
    if seed is not None:
        raise ValueError(f"seed={seed!r}, seeds={seeds!r}: expected one of them")
    if scenario is not None:
        raise ValueError(
            f"scenario and seeds={seeds!r}: a story that is given is played once, "
            "expected one of them"
        )
    wanted = range(seeds) if isinstance(seeds, int) else tuple(seeds)
    if not wanted:
        raise ValueError("seeds: expected at least one")
    return wanted


def within(
    *,
    members: int,
    topics: Mapping[str, int],
    rate_per_s: int,
    length: int,
    listener: Any,
    listener_runs: str,
    values: Any,
) -> None:
    """All of these are what they should be.

    Raises:
        TypeError: one is of another kind.
        ValueError: one is out of its bounds.
    """
    if not 1 <= members <= 20:
        raise ValueError(f"members={members}: expected 1 to 20")
    if not isinstance(topics, Mapping):
        raise TypeError(f"topics={topics!r}: expected a mapping of names to numbers of partitions")
    if not topics or any(count < 1 for count in topics.values()):
        raise ValueError(f"topics={topics!r}: expected names with 1 partition or more each")
    for name, number in (("rate_per_s", rate_per_s), ("length", length)):
        if number < 0:
            raise ValueError(f"{name}={number}: expected 0 or more")
    ways = get_args(ListenerRuns)
    if listener_runs not in ways:
        raise ValueError(
            f"listener_runs={listener_runs!r}: expected {' or '.join(map(repr, ways))}"
        )
    if listener is not None and not callable(listener):
        raise TypeError(f"listener={listener!r}: expected a function of a consumer, or a class")
    if not callable(values):
        raise TypeError(f"values={values!r}: expected a function of a partition and an offset")


def allowed(allow: Iterable[str]) -> frozenset[str]:
    """Kinds of findings and rules, as a set.

    Raises:
        TypeError: it is one word and not several.
        ValueError: one of them is no kind of finding and no rule.
    """
    if isinstance(allow, str):
        raise TypeError(f"allow={allow!r}: expected several, {{{allow!r}}}")
    words = tuple(allow)
    for word in words:
        if word in _KINDS or _RULE.fullmatch(word):
            continue
        near = difflib.get_close_matches(word, _KINDS, 1)
        kinds = ", ".join(map(repr, _KINDS))
        hint = (
            f"did you mean {near[0]!r}?"
            if near
            else f"expected a rule such as I05, or one of {kinds}"
        )
        raise ValueError(f"allow: {word!r} is no kind of finding and no rule; {hint}")
    return frozenset(words)
