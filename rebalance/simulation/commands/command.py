"""What a command is, and the little grammar that all of them share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, known_or_error
from rebalance.simulation.values import duration

__all__ = ["Command", "clause", "clauses", "no_options", "only_options", "value"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`prepare` understands a line: it checks everything that can be known before playing."""

    name: str
    usage: str
    help: str
    prepare: Callable[[Call, Declared], Action]
    plays: bool = True
    """False: it only looks, so a replay leaves it out."""


def value(call: Call, read: Callable[[str], T], text: str, key: str = "") -> T:
    """Read a value; what is wrong with it becomes a ScenarioError."""
    try:
        return read(text)
    except ValueError as error:
        raise call.error(f"{key}={error}" if key else str(error)) from None


def only_options(call: Call, known: Sequence[str]) -> None:
    """Refuse options that the command does not have."""
    for key in call.options:
        known_or_error(call, key, known, f"an option of `{call.name}`")


def no_options(call: Call) -> None:
    """Refuse every option."""
    for key in call.options:
        raise call.error(f"{key!r}: `{call.name}` takes no options")


def clause(call: Call, keyword: str) -> tuple[tuple[str, ...], int | None]:
    """`A B for 5s` as (A, B) and 5000; None where the clause is absent."""
    words = call.words
    if keyword not in words:
        return words, None
    at = words.index(keyword)
    if len(words) != at + 2:
        raise call.error(f"expected one duration after `{keyword}`, at the end")
    return words[:at], value(call, duration, words[-1])


def clauses(
    call: Call, readers: Mapping[str, Callable[[str], Any]]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """`A B every 5s by 2` as (A, B) and {every: 5000, by: 2}, in any order behind the names."""
    words, found = call.words, dict[str, Any]()
    first = min((words.index(key) for key in readers if key in words), default=len(words))
    rest = words[first:]
    for key, text in zip(rest[::2], rest[1::2], strict=False):
        if key not in readers or key in found:
            raise call.error(f"{key!r}: expected one of {', '.join(readers)}, each once")
        found[key] = value(call, readers[key], text, key)
    if len(rest) % 2:
        raise call.error(f"expected a value after `{rest[-1]}`")
    return words[:first], found
