"""Which requests a fault befalls. What is not said does not matter; what is said must all be so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rebalance.broker.faults.seen import API_KEYS, RequestSeen

__all__ = ["Selector", "api_keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Of a request with several groups or members, one that is meant is enough."""

    api: str | Iterable[str] | None = None
    """Kafka's name, or several; None: every API."""
    client_id: str | None = None
    group_id: str | None = None
    member_id: str | None = None
    group_instance_id: str | None = None
    node_id: int | None = None

    def __post_init__(self) -> None:
        """Names once, for an iterable may be read only once.

        Raises:
            ValueError: no API of that name is served, or what is no text names somebody.
        """
        for name in ("client_id", "group_id", "member_id", "group_instance_id"):
            value = getattr(self, name)
            if not isinstance(value, str | None):
                raise ValueError(f"{name} is {value!r}; give a text")
        if self.api is not None:
            if not isinstance(self.api, Iterable):
                raise ValueError(f'api is {self.api!r}; give Kafka\'s name, like "Heartbeat"')
            names = (self.api,) if isinstance(self.api, str) else tuple(self.api)
            api_keys(names)
            object.__setattr__(self, "api", frozenset(names))

    def matches(self, request: RequestSeen) -> bool:
        """Whether this request is meant."""
        return (
            (self.api is None or request.api in self.api)
            and self.client_id in (None, request.client_id)
            and self.node_id in (None, request.node_id)
            and (self.group_id is None or self.group_id in request.group_ids)
            and (self.member_id is None or self.member_id in request.member_ids)
            and (
                self.group_instance_id is None
                or self.group_instance_id in request.group_instance_ids
            )
        )

    def __str__(self) -> str:
        said = {
            "api": None if self.api is None else ", ".join(sorted(self.api)),
            "client_id": self.client_id,
            "group_id": self.group_id,
            "member_id": self.member_id,
            "group_instance_id": self.group_instance_id,
            "node_id": self.node_id,
        }
        return " ".join(f"{name}={value}" for name, value in said.items() if value is not None)


def api_keys(names: Iterable[str]) -> tuple[int, ...]:
    """The keys of APIs by Kafka's names.

    Raises:
        ValueError: no API of that name is served, or there is no name.
    """
    keys = []
    for name in names:
        if name not in API_KEYS:
            import difflib  # only who misspells one needs it

            near = difflib.get_close_matches(str(name), API_KEYS, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"api {name!r} is not served here{hint} See docs/broker.md.")
        keys.append(API_KEYS[name])
    if not keys:
        raise ValueError("api names no API; leave it out for all of them")
    return tuple(keys)
