"""Which partitions of `__consumer_offsets`, and so which groups, this coordinator answers for.

Rule kept (P04): before loading begins NOT_COORDINATOR, while it lasts COORDINATOR_LOAD_IN_PROGRESS.
Who is never told about partitions answers for everything.
Source: CoordinatorRuntime (its coordinators by partition).
"""

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of


class Ownership:
    """The partitions that are this coordinator's, of `partitions` in all."""

    __slots__ = ("_is_loaded", "_is_told", "is_partial", "partitions")

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.is_partial = False
        """Some group is not to be answered for: the one thing that every request must look at."""
        self._is_told = False
        self._is_loaded: dict[int, bool] = {}

    def partition_of(self, group_id: str) -> int:
        """Rule P01."""
        return partition_of(group_id, self.partitions)

    def error(self, group_id: str) -> ErrorCode:
        """NONE where the group is answered for, else why it is not."""
        if not self.is_partial:
            return ErrorCode.NONE
        return self.partition_error(self.partition_of(group_id))

    def partition_error(self, partition: int) -> ErrorCode:
        """NONE where the groups of a partition are answered for, else why they are not."""
        if not self.is_partial:
            return ErrorCode.NONE
        is_loaded = self._is_loaded.get(partition)
        if is_loaded is None:
            return ErrorCode.NOT_COORDINATOR
        return ErrorCode.NONE if is_loaded else ErrorCode.COORDINATOR_LOAD_IN_PROGRESS

    @property
    def is_loading(self) -> bool:
        """Some partition is being loaded."""
        return self.is_partial and not all(self._is_loaded.values())

    @property
    def is_told(self) -> bool:
        """Somebody said which partitions are whose."""
        return self._is_told

    def owns(self, partition: int) -> bool:
        """It was elected for this partition; loaded or not."""
        return partition in self._is_loaded

    def begin(self, partition: int) -> None:
        """The partition is ours; its groups are not here yet."""
        self._set(partition, is_loaded=False)

    def finish(self, partition: int) -> None:
        """The groups of the partition are here."""
        self._set(partition, is_loaded=True)

    def drop(self, partition: int) -> None:
        """The partition is somebody else's."""
        self._set(partition, is_loaded=None)

    def _set(self, partition: int, *, is_loaded: bool | None) -> None:
        if is_loaded is None:
            self._is_loaded.pop(partition, None)
        else:
            self._is_loaded[partition] = is_loaded
        self._is_told = True
        self.is_partial = sum(self._is_loaded.values()) < self.partitions
