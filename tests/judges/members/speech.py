"""What the Python members have in common: their one argument, commands in, events out.

Rule: when standard input ends, whoever started the program is gone; it closes its consumer, and
ends after a while in whatever state it is.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

POLL_MS = 20
HEARTBEAT_MS = 200
CLOSE = "close"
COMMIT = "commit"
PING = "ping"
_END_WITHIN_S = 20
_one_line = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who the member is; the fields of the program's argument."""

    servers: str
    group_id: str
    member: str
    topics: list[str]
    assignor: str
    instance_id: str | None
    session_timeout_ms: int


def wanted() -> Wanted:
    """The program's one argument."""
    return Wanted(**json.loads(sys.argv[1]))


def tell(event: str, **fields: Any) -> None:
    """One event, at once; events of several threads do not mix."""
    with _one_line:
        line = {"event": event, "t_ms": time.time_ns() // 1_000_000, **fields}
        sys.stdout.write(f"{json.dumps(line)}\n")
        sys.stdout.flush()


def tell_partitions(event: str, partitions: Iterable[tuple[str, int]]) -> None:
    """assigned, revoked or lost."""
    columns: defaultdict[str, list[int]] = defaultdict(list)
    for topic, partition in partitions:
        columns[topic].append(partition)
    tell(event, partitions=columns)


def tell_read(records: Iterable[tuple[str, int, int]]) -> None:
    """Records by (topic, partition, offset); nothing if there are none."""
    offsets: defaultdict[str, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for topic, partition, offset in records:
        offsets[topic][partition].append(offset)
    if offsets:
        tell("read", records=offsets)


def commands() -> queue.SimpleQueue[str]:
    """The commands that come in; `close` is the last."""
    found: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            found.put(line.strip())
        found.put(CLOSE)
        time.sleep(_END_WITHIN_S)  # for a consumer that does not close
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    return found


def next_command(found: queue.SimpleQueue[str]) -> str | None:
    """The next one that is there, None if there is none; a ping is answered here."""
    with suppress(queue.Empty):
        command = found.get_nowait()
        if command != PING:
            return command
        tell("done", command=command)
    return None
