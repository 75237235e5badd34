"""What was set for the broker and for groups while brokers ran; the next one begins with it.

Rule kept: a change is stored before it counts, as a whole. Kafka has it in its metadata log; here
it is where the topics are, and in memory as long as they. (What a topic has of its own is kept with
the topic.)
Source: `ConfigurationControlManager`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from rebalance.broker.storage import Storage, StoredConfigs

__all__ = ["ALL_BROKERS", "KeptConfigs"]

ALL_BROKERS = ""
"""What Kafka calls the resource that is every broker's default."""


class KeptConfigs:
    """The values of each resource that has any.

    Raises:
        StorageError: what the storage has cannot be read.
    """

    __slots__ = ("_kept", "_storage")

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept = storage.configs()

    @property
    def brokers(self) -> Mapping[str, Mapping[str, str]]:
        """By node id as text, or `ALL_BROKERS`."""
        return self._kept.brokers

    @property
    def groups(self) -> Mapping[str, Mapping[str, str]]:
        """By group id, also of groups that are not there; one without values is left out."""
        return self._kept.groups

    def set_broker(self, name: str, values: Mapping[str, str]) -> None:
        """Replace what a broker has, or `ALL_BROKERS`.

        Raises:
            StorageError: it could not be stored; what was there before still holds.
        """
        brokers = {**self._kept.brokers, name: values}
        self._keep(dataclasses.replace(self._kept, brokers=brokers))

    def set_group(self, group_id: str, values: Mapping[str, str]) -> None:
        """Replace what a group has.

        Raises:
            StorageError: it could not be stored; what was there before still holds.
        """
        groups = {**self._kept.groups, group_id: values}
        if not values:
            del groups[group_id]
        self._keep(dataclasses.replace(self._kept, groups=groups))

    def _keep(self, changed: StoredConfigs) -> None:
        self._storage.save_configs(changed)
        self._kept = changed
