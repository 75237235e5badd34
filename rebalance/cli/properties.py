"""Kafka's settings: from properties files and from the command line."""

from collections.abc import Iterable
from pathlib import Path

from rebalance.cli.errors import UsageError
from rebalance.cli.java_properties import PropertiesError, Property, parse_properties


def load_properties(path: Path) -> dict[str, Property]:
    """Read a properties file, with the line of each.

    Raises:
        UsageError: the file cannot be read, or a line (with its number).
    """
    try:
        return parse_properties(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except PropertiesError as error:
        raise UsageError(f"{path}:{error.line}: {error}") from None


def read_properties(path: Path) -> dict[str, str]:
    """Read a properties file.

    Raises:
        UsageError: the file cannot be read, or a line (with its number).
    """
    return {key: each.value for key, each in load_properties(path).items()}


def parse_settings(settings: Iterable[str]) -> dict[str, str]:
    """Read `--set KEY=VALUE` options.

    Raises:
        UsageError: one of them is no setting.
    """
    found = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set: {setting!r} is no setting; write KEY=VALUE")
        found[key.strip()] = value.strip()
    return found
