"""Assignors that take as long as a test wants them to, and no clock decides how long."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from assignors import ClusterMetadata, GroupAssignment, RebalanceProtocol, StickyAssignor
from assignors.interface import DEFAULT_PROTOCOLS, Promise
from assignors.model import Subscription


class Held:
    """Answers like sticky, once it is let go; until then it is at work."""

    def __init__(
        self,
        name: str = "held",
        *,
        protocols: tuple[RebalanceProtocol, ...] = DEFAULT_PROTOCOLS,
    ) -> None:
        self.name = name
        self.protocols = protocols
        self.promises = frozenset({Promise.VALID})
        self.called = threading.Event()
        self.let_go = threading.Event()
        self.calls = 0

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        self.calls += 1
        self.called.set()
        self.let_go.wait()
        return StickyAssignor().assign(cluster, members)


class Looping:
    """Never comes back, and never gives the processor away by itself, until it is let go."""

    name = "looping"

    def __init__(self) -> None:
        self.let_go = False
        self.calls = 0

    def assign(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> Any:
        self.calls += 1
        while not self.let_go:
            pass
        return {}
