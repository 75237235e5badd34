"""A request about several groups of which one is to fail: each group is answered for itself.

So does Kafka, where one coordinator does not have all that it is asked about. The entries of the
answer stand in the order of the request's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rebalance.broker.wire.codec import Message

__all__ = ["Batch", "split"]

_BATCHES = ("groups", "groups_names", "coordinator_keys")
"""What requests call their groups, where they have several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A request in two: what is asked about one group, and about the others."""

    meant: Message
    others: Message
    are_meant: tuple[bool, ...]
    """For each entry of the whole, in its order."""

    def merged(self, failed: Message, handled: Message) -> Message:
        """The answer to the whole, out of the answers to both parts."""
        name = next(name for name, value in failed.items() if isinstance(value, list))
        parts = {True: iter(failed[name]), False: iter(handled[name])}
        # DeleteGroups answers a group once that is named twice, so there may be fewer.
        found = (next(parts[is_meant], None) for is_meant in self.are_meant)
        return {**handled, name: [entry for entry in found if entry is not None]}


def split(body: Message, group_id: str) -> Batch | None:
    """The request without and with all but one group; None: there is no other in it."""
    for name in _BATCHES:
        entries = body.get(name) or ()
        are_meant = tuple(_group_id(entry) == group_id for entry in entries)
        if entries and not all(are_meant):
            pairs = list(zip(entries, are_meant, strict=True))
            return Batch(
                meant={**body, name: [entry for entry, is_meant in pairs if is_meant]},
                others={**body, name: [entry for entry, is_meant in pairs if not is_meant]},
                are_meant=are_meant,
            )
    return None


def _group_id(entry: Any) -> Any:
    return entry["group_id"] if isinstance(entry, dict) else entry
