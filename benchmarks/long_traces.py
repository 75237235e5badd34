"""A trace of a million events: time and peak memory of reading it and of each picture.

Why: a group that rebalances all day writes such a trace, and that is the group somebody looks at.
Each subject runs once in a process of its own; seconds are those of the CPU, memory is the peak of
what was resident.

Run: python -m benchmarks.long_traces [EVENTS]
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Figure, show
from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    Event,
    GroupStateChanged,
    Header,
    JoinCompleted,
    Joined,
    Joining,
    MemberStarted,
    RebalanceStarted,
    Revoked,
    TopicKnown,
)
from rebalance.timeline.trace import event_line, header_line

MEMBERS, PARTITIONS = 20, 200
CYCLE_MS = 10_000
G, T = "orders", "orders"


def events(count: int) -> Iterator[Event]:
    """A group that rebalances eagerly every ten seconds: each time the next member is away."""
    yield TopicKnown(t=0, topic=T, partitions=PARTITIONS)
    names = [f"worker-{number:02}" for number in range(MEMBERS)]
    for name in names:
        yield MemberStarted(t=0, group_id=G, member=name, topics=(T,))
    made = 1 + MEMBERS
    generation = 0
    while made < count:
        for event in rebalance(names, generation, generation * CYCLE_MS):
            yield event
            made += 1
        generation += 1


def rebalance(names: list[str], generation: int, t: int) -> Iterator[Event]:
    """One eager rebalance; who is at its turn gets nothing."""
    yield GroupStateChanged(
        t=t, group_id=G, previous="Stable", state="PreparingRebalance", generation_id=generation
    )
    yield RebalanceStarted(
        t=t, group_id=G, generation_id=generation, cause="leader rejoined", member_id=names[0]
    )
    for name in names:
        yield Revoked(t=t + 100, group_id=G, member=name, partitions=share(generation - 1, name))
        yield Joining(t=t + 100, group_id=G, member=name, member_id=name)
    yield JoinCompleted(
        t=t + 120,
        group_id=G,
        generation_id=generation + 1,
        protocol_name="range",
        leader=names[0],
        members=tuple(names),
    )
    yield GroupStateChanged(
        t=t + 130,
        group_id=G,
        previous="PreparingRebalance",
        state="Stable",
        generation_id=generation + 1,
    )
    for name in names:
        owned = share(generation, name)
        yield AssignmentSent(
            t=t + 140, group_id=G, generation_id=generation + 1, member_id=name, partitions=owned
        )
        yield Joined(
            t=t + 140, group_id=G, member=name, member_id=name, generation_id=generation + 1
        )
        yield Assigned(
            t=t + 140, group_id=G, member=name, partitions=owned, generation_id=generation + 1
        )


def share(generation: int, name: str) -> dict[str, tuple[int, ...]]:
    """Contiguous blocks for all but one."""
    number, away = int(name[-2:]), generation % MEMBERS
    if generation < 0 or number == away:
        return {}
    place = number - (number > away)
    size = PARTITIONS / (MEMBERS - 1)
    return {T: tuple(range(round(place * size), round((place + 1) * size)))}


# --- subjects ------------------------------------------------------------------------------------


def read_only(path: Path) -> int:
    """Lines to events, and nothing kept."""
    from rebalance.timeline.trace import open_trace

    return sum(1 for _ in open_trace(path).events)


def in_memory(path: Path) -> int:
    """All events at once: what reading event by event spares."""
    from rebalance.timeline.trace import read_trace

    return len(read_trace(path).events)


def groups(path: Path) -> int:
    """Lanes, ledgers and what the story needs."""
    from rebalance.timeline.lanes import read_groups
    from rebalance.timeline.trace import open_trace

    return len(read_groups(open_trace(path)))


def rendered(path: Path, format_: str) -> int:
    """A picture as `rebalance timeline --format` makes it; its size in bytes."""
    from rebalance.cli.timeline import timeline

    out = path.with_suffix(f".{format_}")
    timeline(str(path), format_=format_, width=120, out=out)
    return out.stat().st_size


SUBJECTS: dict[str, Callable[[Path], int]] = {
    "lines to events": read_only,
    "all events in memory": in_memory,
    "lanes and ledgers": groups,
    "--format text": lambda path: rendered(path, "text"),
    "--format svg": lambda path: rendered(path, "svg"),
    "--format html": lambda path: rendered(path, "html"),
    "--format perfetto": lambda path: rendered(path, "perfetto"),
}


def subject(name: str, path: Path) -> None:
    """In a process of its own: print seconds of CPU, peak MB and what the subject returns."""
    began = time.process_time()
    result = SUBJECTS[name](path)
    took = time.process_time() - began
    print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, result)


def main(count: int) -> None:
    """Measure and print."""
    seconds: list[Figure] = []
    peaks: list[Figure] = []
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "long.jsonl"
        with path.open("w", encoding="utf-8") as out:
            out.write(header_line(Header(source="benchmark", clock="virtual")) + "\n")
            out.writelines(event_line(event) + "\n" for event in events(count))
        print(f"{count:,} events, {path.stat().st_size / 1e6:,.0f} MB")
        for name in SUBJECTS:
            command = [sys.executable, "-m", "benchmarks.long_traces", "--subject", name, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            took, peak, result = done.stdout.split()
            seconds.append(Figure(name=name, unit="s of CPU", runs=(float(took),)))
            peaks.append(Figure(name=name, unit="MB at most", runs=(float(peak),)))
            print(f"{name}: {int(result):,}")
    show("Time", seconds)
    show("Peak of resident memory", peaks)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--subject"]:
        subject(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
