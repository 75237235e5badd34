"""The file of a data directory that holds what was set for brokers and groups while one ran.

Kept: it is replaced as a whole, and is not there until something is set. What brokers have is by
node id as text; "" is all of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rebalance.broker.errors import StorageError
from rebalance.broker.storage.files import replace_file
from rebalance.broker.storage.interface import StoredConfigs

__all__ = ["read_configs", "write_configs"]

_FILE = "configs.json"
_FORMAT = 1


def read_configs(directory: Path) -> StoredConfigs:
    """What was set; nothing where there is no file.

    Raises:
        StorageError: the file cannot be read.
    """
    file = directory / _FILE
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["format"] != _FORMAT:
            raise StorageError(f"{file} has format {kept['format']}; this broker reads {_FORMAT}")
        return StoredConfigs(brokers=_values(kept["brokers"]), groups=_values(kept["groups"]))
    except FileNotFoundError:
        return StoredConfigs()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{file} cannot be read: {error!r}") from error


def write_configs(directory: Path, configs: StoredConfigs) -> None:
    """Replace the file.

    Raises:
        StorageError: it cannot be written; the old one is as it was.
    """
    kept = {
        "format": _FORMAT,
        "brokers": {name: dict(values) for name, values in configs.brokers.items()},
        "groups": {name: dict(values) for name, values in configs.groups.items()},
    }
    file = directory / _FILE
    try:
        replace_file(file, json.dumps(kept, indent=1).encode())
    except OSError as error:
        raise StorageError(f"cannot write {file}: {error.strerror or error}") from error


def _values(entries: Any) -> dict[str, dict[str, str]]:
    return {
        str(resource): {str(name): str(value) for name, value in values.items()}
        for resource, values in entries.items()
    }
