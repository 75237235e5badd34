"""In which ways clients differ that speak the same protocol: data, one profile a client.

Why: what a rebalance costs depends on when its members hear of it and how soon they join again,
and there Java's consumer, aiokafka and librdkafka differ. A group of librdkafka's members is not
one of Java's with other settings. Facts are read out of the clients; what they share is no data:
all three join again as soon as a heartbeat tells of a rebalance, none waits for the next one.
docs/simulation.md puts groups of them beside real ones.
"""

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

__all__ = ["AIOKAFKA", "JAVA", "LIBRDKAFKA", "PROFILES", "ClientProfile", "HeartbeatPhase"]


class HeartbeatPhase(Enum):
    """From when on the interval to the next heartbeat counts, in a new generation."""

    JOINED = "JoinGroup answered"
    """Heartbeats go on between JoinGroup and SyncGroup."""
    SYNCED = "SyncGroup answered"
    """None goes out before that."""
    LAST = "last heartbeat"
    """None goes out before SyncGroup is answered; then the old beat goes on, at once if overdue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProfile:
    """How one client behaves where the protocol leaves it a choice."""

    name: str
    heartbeat_phase: HeartbeatPhase = HeartbeatPhase.JOINED
    join_interval_ms: int = 0
    """Not sooner after a JoinGroup than this follows the next; 0: at once. At once also for who
    gave something up for it, is eager and hears of a rebalance, or wants other topics."""
    pauses_after_refused_sync: bool = False
    """Who is told by SyncGroup that the group rebalances again joins after retry.backoff.ms."""
    commits_before_revoke: bool = True
    """With enable.auto.commit positions are committed before the listener is called; else after it,
    and before the next JoinGroup or LeaveGroup."""
    ends_join_before_close: bool = False
    """Who is closed between JoinGroup and its assignment carries that out first, then leaves."""
    leaves_on_close: bool = True
    """A dynamic member that is closed says so; else its session has to end. All of `PROFILES` do;
    Java's with internal.leave.group.on.close=false, as Kafka Streams sets it, does not."""


JAVA = ClientProfile(name="java")
"""Kafka 4.4.0, AbstractCoordinator: the heartbeat thread is enabled as JoinGroup is answered."""

AIOKAFKA = ClientProfile(
    name="aiokafka",
    heartbeat_phase=HeartbeatPhase.SYNCED,
    pauses_after_refused_sync=True,
    ends_join_before_close=True,
)
"""aiokafka 0.14.0, consumer/group_coordinator.py: ensure_active_group stops the heartbeat task
before it joins and starts a new one, which sleeps first, after SyncGroup; a heartbeat that meets
a rebalance wakes the coordination task at once. _on_join_prepare commits, then calls the listener.
_do_rejoin_group sleeps for retry_backoff_ms where a join came to nothing.
close waits for the coordination task, which looks whether it is to end between two joins only."""

LIBRDKAFKA = ClientProfile(
    name="librdkafka",
    heartbeat_phase=HeartbeatPhase.LAST,
    join_interval_ms=1000,
    commits_before_revoke=False,
)
"""librdkafka 2.15, rdkafka_cgrp.c, rd_kafka_cgrp_join_state_serve: heartbeats by an interval that
no rebalance resets, in the steady and assign-call states only; JoinGroup once a second, an interval
that is reset by rd_kafka_cgrp_unassign_done, rd_kafka_cgrp_assignment_done,
rd_kafka_cgrp_revoke_all_rejoin and rd_kafka_trigger_waiting_subscribe_maybe.
rdkafka_assignment.c, rd_kafka_assignment_serve_removals: what the application unassigned, in its
rebalance callback, is committed then."""

PROFILES = MappingProxyType({each.name: each for each in (JAVA, AIOKAFKA, LIBRDKAFKA)})
"""By name."""
