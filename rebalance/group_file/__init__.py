"""Group files: a consumer group at one moment, as YAML or JSON.

What `rebalance assign` reads, what `rebalance check` writes its counter-examples as. `load` and
`dump` are inverse to each other. Imports nothing of `rebalance` but itself.
"""

from rebalance.group_file.errors import GroupFileError
from rebalance.group_file.model import GroupFile, Weight
from rebalance.group_file.reading import load
from rebalance.group_file.writing import dump

__all__ = ["GroupFile", "GroupFileError", "Weight", "dump", "load"]
