"""Kafka's `key=value` settings: from files and from the command line."""

from collections.abc import Iterable
from pathlib import Path

from rebalance.cli.errors import UsageError


def read_properties(path: Path) -> dict[str, str]:
    """Read a properties file: `key=value` lines, `#` and `!` comments.

    Raises:
        UsageError: the file cannot be read, or a line is no setting (with its number).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line and line[0] not in "#!":
            key, value = _setting(line, f"{path}:{number}")
            found[key] = value
    return found


def parse_settings(settings: Iterable[str]) -> dict[str, str]:
    """Read `--set KEY=VALUE` options.

    Raises:
        UsageError: one of them is no setting.
    """
    return dict(_setting(setting, "--set") for setting in settings)


def _setting(text: str, where: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"{where}: {text!r} is no setting; write KEY=VALUE")
    return key.strip(), value.strip()
