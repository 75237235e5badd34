"""Message schemas of Kafka 4.4 that kio does not have yet, in kio's own form.

kio generates a class for every message of every version it knows. What a newer Kafka adds is
written here by hand, as a subclass of the version before, so that reader and writer are compiled
from it like from any other. One module a version: `NAME_vVERSION`, with request and response.
A version that kio learns is to be removed here. These modules evaluate their annotations: a field's
type is read from the class.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

__all__ = ["WRITTEN_HERE", "schema"]

WRITTEN_HERE = frozenset({("api_versions", 5), ("delete_groups", 3), ("txn_offset_commit", 6)})


def schema(name: str, version: int, kind: str) -> Any:
    """The class of an API's request or response (`kind`); imports its module on first use."""
    return next(
        value
        for value in vars(_module(name, version, kind)).values()
        # A module holds nested entities too; exactly one is the message.
        if isinstance(value, type) and getattr(getattr(value, "__type__", None), "name", "") == kind
    )


def _module(name: str, version: int, kind: str) -> ModuleType:
    if (name, version) in WRITTEN_HERE:
        return importlib.import_module(f"{__name__}.{name}_v{version}")
    return importlib.import_module(f"kio.schema.{name}.v{version}.{kind}")
