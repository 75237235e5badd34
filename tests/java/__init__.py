"""Kafka's own Java classes, asked from Python: its consumer, its assignors, its codec.

`JavaConsumer` is a real KafkaConsumer (group.protocol=classic) in a process of its own:

    with JavaConsumer(bootstrap_servers, group_id, ["orders"], assignor="sticky") as consumer:
        event = consumer.wait("assigned")       # JavaEvent(kind, t_ms, data); .partitions
        consumer.owned                          # frozenset of (topic, partition), now
        consumer.tell("rejoin")

- `assignor`: a wire name or several, best first: range, roundrobin, sticky, cooperative-sticky.
  Also `session_timeout_ms`, `heartbeat_interval_ms`, `group_instance_id`, and `properties` by
  Kafka's names (auto commit is on, as by default).
- `events`, `wait(kind, after=0, where=..., timeout_s=60)`: `after` is an index into `events`, for
  "the next one from here": `after=len(consumer.events)` before what should cause it.
- `wait_until(condition, what)`: a condition about several Java consumers.
- `owned`, `member_id`, `generation_id`, `polled` ((topic, partition) -> records), `pid`.
- `tell(command)` waits until it is done: `pause` (polls no more; heartbeats go on until
  max.poll.interval.ms), `resume`, `rejoin`, `subscribe TOPIC...`.
- `close()` leaves the group; `kill()` does not say a word. The `with` block closes, or kills if it
  was left by an exception. All block: from an async test call them by `asyncio.to_thread`.
- Call `require_java()` first: it skips, or in CI fails, where there is no Java.

Its events (one JSON line each, `t_ms` is wall-clock time):

    started   it has subscribed
    assigned  partitions {topic: [id]}, member_id, generation_id: what the listener was given
    revoked   likewise; lost likewise (what is revoked by close() too)
    leading   its assignor was called: assignor, members {member_id: {topics, owned, generation_id,
              group_instance_id, rack_id, user_data (hex)}}, plan {member_id: {topic: [id]}}
    polled    counts {topic: {id: records}}
    done      command, after `tell`
    failed    error; the process ends
    closed    it has left
    ended     of Python: its output has ended

`Oracle` (oracle.py) asks Kafka's assignors and codec: tests/assignors/test_java_*.py. What it says
is recorded for machines without Java: `python -m tests.java.record`.
"""

from tests.java.consumer import JavaConsumer, JavaConsumerError, JavaEvent, wait_until
from tests.java.programs import require_java

__all__ = ["JavaConsumer", "JavaConsumerError", "JavaEvent", "require_java", "wait_until"]
