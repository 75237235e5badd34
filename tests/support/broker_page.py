"""Writes the tables of docs/broker.md from the code, so that the page cannot differ from it.

`python -m tests.support.broker_page` rewrites them; a test says that they are up to date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from rebalance.broker.apis import APIS
from rebalance.broker.config import BrokerConfig
from rebalance.protocol.config import CoordinatorConfig

DOCUMENT = Path(__file__).parents[2] / "docs" / "broker.md"


def apis() -> str:
    """One line an API, with the versions that ApiVersions names."""
    lines = ["| key | API | versions |", "|---|---|---|"]
    for api in sorted(APIS.values(), key=lambda api: api.key):
        name = "".join(word.capitalize() for word in api.name.split("_"))
        least, most = api.advertised
        lines.append(f"| {api.key} | {name} | {least}-{most} |")
    return "\n".join(lines)


def settings() -> str:
    """One line a setting: Kafka's name, our default, and what to mind."""
    lines = ["| property | default | mind |", "|---|---|---|"]
    known = [*fields(BrokerConfig), *fields(CoordinatorConfig)]
    for setting in sorted(known, key=lambda setting: str(setting.metadata["property"])):
        default = str(setting.default)
        shown = default.lower() if isinstance(setting.default, bool) else default
        name, danger = setting.metadata["property"], setting.metadata["danger"]
        lines.append(f"| `{name}` | {shown} | {danger} |")
    return "\n".join(lines)


_TABLES: dict[str, Callable[[], str]] = {"apis": apis, "settings": settings}


def document(text: str) -> str:
    """The page with its tables as the code has them."""
    for name, table in _TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        fresh = f"{begin}\n{table()}\n{end}"
        text, found = re.subn(pattern, lambda _, fresh=fresh: fresh, text, flags=re.DOTALL)
        assert found == 1, f"{DOCUMENT} must have one table of {name}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
