"""Where batches are kept: in memory, or in a directory of segment files.

`Storage` and `BatchStore` (interface.py) are all that the rest of the broker knows of it.
"""

from rebalance.broker.storage.interface import (
    Batch,
    BatchStore,
    LogLimits,
    Storage,
    StoredCommit,
    StoredConfigs,
    StoredTopic,
)
from rebalance.broker.storage.memory import MemoryBatches, MemoryStorage

__all__ = [
    "Batch",
    "BatchStore",
    "LogLimits",
    "MemoryBatches",
    "MemoryStorage",
    "Storage",
    "StoredCommit",
    "StoredConfigs",
    "StoredTopic",
]
