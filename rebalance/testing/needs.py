"""What the kit needs beyond a bare install, said in one line that names the extra to install."""

from __future__ import annotations

from importlib.util import find_spec


class TestingExtraMissingError(ImportError):
    """Hypothesis or pytest is not installed."""


def need(*modules: str, for_what: str) -> None:
    """Go on only if these modules can be imported.

    Raises:
        TestingExtraMissingError: names what is missing and how to get it.
    """
    missing = [each for each in modules if find_spec(each) is None]
    if missing:
        raise TestingExtraMissingError(
            f"{for_what} needs {' and '.join(missing)}: install kafka-rebalance[testing]",
            name=missing[0],
        )
