"""What the demo was asked for, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assignors.interface import Assignor


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings:
    """Times in milliseconds. `bootstrap_servers` None: on the embedded broker."""

    assignor: Assignor
    members: int = 3
    partitions: int = 6
    bootstrap_servers: str | None = None
    client_arguments: Mapping[str, Any]
    session_timeout_ms: int
    records_per_second: int = 200
    pause_ms: int = 250
    """How long each settled state is left standing, to be seen in the picture."""

    @property
    def heartbeat_interval_ms(self) -> int:
        """A tenth of the session: a rebalance is noticed at a heartbeat."""
        return max(self.session_timeout_ms // 10, 50)

    @property
    def step_deadline_ms(self) -> int:
        """How long a step may take to settle before the demo gives up and says so."""
        return 2 * self.session_timeout_ms + 10_000
