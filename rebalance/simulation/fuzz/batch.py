"""Some seeds played, one after another: the unit of work of a campaign, and what comes of it.

Why: one function that takes numbers and gives plain data runs as well in this process as in
another one, or on another machine; and what it gives is one line of the file that a campaign is
resumed from. A failure is shrunk where it was found, so that campaigns shrink in parallel.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rebalance.simulation.fuzz.coverage import Reached, told
from rebalance.simulation.fuzz.generator import fingerprint
from rebalance.simulation.fuzz.play import Played, play, play_seed, still_fails, with_outputs
from rebalance.simulation.fuzz.shrink import shrink

__all__ = ["Batch", "BatchError", "Found", "OtherStoriesError", "play_batch"]


class BatchError(ValueError):
    """A line of a campaign's file cannot be read; the message says what was expected."""


class OtherStoriesError(BatchError):
    """A line tells of seeds that were other stories, for the generator was another one then."""

    def __init__(self) -> None:
        super().__init__(
            "another version of the fuzzer made other stories of the seeds: what they reached and "
            "what failed does not add up with today's; name a new file, or delete this one"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A failing seed. `text` is the shrunk scenario with what it prints."""

    seed: int
    kind: str
    message: str
    text: str
    plays: int
    gave_up: bool
    """Shrinking ran out of plays: it may be smaller still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What came of these seeds."""

    seeds: tuple[int, ...]
    trace_events: tuple[int, ...]
    """Of each seed."""
    processed: int
    """Simulated events of all of them."""
    reached: Counter[Reached] = field(default_factory=Counter)
    """Which transitions, errors and faults, how often."""
    reached_in: Counter[Reached] = field(default_factory=Counter)
    """The same -> by how many seeds."""
    limits: Counter[str] = field(default_factory=Counter)
    """Limits of Kafka's protocol that were met -> by how many seeds."""
    found: tuple[Found, ...] = ()
    stories: str = field(default_factory=fingerprint)
    """Of the generator: what these seeds were."""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(
            {
                "stories": self.stories,
                "seeds": self.seeds,
                "trace_events": self.trace_events,
                "processed": self.processed,
                "reached": _listed(self.reached),
                "reached_in": _listed(self.reached_in),
                "limits": self.limits,
                "found": [
                    {name: getattr(each, name) for name in Found.__slots__} for each in self.found
                ],
            }
        )

    @classmethod
    def from_json(cls, line: str) -> "Batch":
        """Read such a line.

        Raises:
            BatchError: it is none; OtherStoriesError: its seeds were other stories.
        """
        try:
            read: dict[str, Any] = json.loads(line)
            batch = cls(
                seeds=tuple(read["seeds"]),
                trace_events=tuple(read["trace_events"]),
                processed=read["processed"],
                reached=_counted(read["reached"]),
                reached_in=_counted(read["reached_in"]),
                limits=Counter(read["limits"]),
                found=tuple(Found(**each) for each in read["found"]),
                stories=read.get("stories", ""),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise BatchError(f"expected what a campaign wrote: {error!r}") from None
        if batch.stories != fingerprint():
            raise OtherStoriesError
        return batch


def _listed(reached: Counter[Reached]) -> list[list[str | int]]:
    return [[*item, count] for item, count in sorted(reached.items())]


def _counted(listed: list[list[Any]]) -> Counter[Reached]:
    return Counter({(a, b, c): count for a, b, c, count in listed})


def play_batch(seeds: Sequence[int]) -> Batch:
    """Play these seeds and shrink what fails."""
    events: list[int] = []
    reached: Counter[Reached] = Counter()
    reached_in: Counter[Reached] = Counter()
    limits: Counter[str] = Counter()
    found: list[Found] = []
    processed = 0
    for seed in seeds:
        text, played = play_seed(seed)
        events.append(played.trace_events)
        processed += played.processed
        of_seed = played.reached + told(seed)
        reached.update(of_seed)
        reached_in.update(set(of_seed))
        limits.update(set(played.limits))
        if played.failures:
            found.append(_shrunk(seed, text, played))
    return Batch(
        seeds=tuple(seeds),
        trace_events=tuple(events),
        processed=processed,
        reached=reached,
        reached_in=reached_in,
        limits=limits,
        found=tuple(found),
    )


def _shrunk(seed: int, text: str, played: Played) -> Found:
    signature = played.signature
    small = shrink(text.split("\n"), lambda lines: still_fails(lines, signature))
    failure = play("\n".join(small.lines)).failures[0]
    prose = (f"# {failure.kind}: what seed {seed} of the fuzzer comes down to.",)
    return Found(
        seed=seed,
        kind=failure.kind,
        message=failure.message,
        text=with_outputs("\n".join([*prose, *_in_blocks(small.lines), ""])),
        plays=small.plays,
        gave_up=small.gave_up,
    )


def _in_blocks(lines: Sequence[str]) -> list[str]:
    """A blank line between the stage and what happens on it."""
    stage = ("seed ", "brokers ", "set ", "log ", "topic ", "members ", "network ")
    first = next((i for i, line in enumerate(lines) if not line.startswith(stage)), len(lines))
    return [*lines[:first], "", *lines[first:]]
