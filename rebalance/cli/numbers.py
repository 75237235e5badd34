"""Options that are numbers within bounds, and what is said of one that is not.

Why: the command-line library has words of its own for that, which differ between its versions and
name neither what was given nor both ends.
"""

from collections.abc import Callable
from typing import Any

import typer

from rebalance.cli.errors import UsageError

__all__ = ["bounded"]


def bounded(*names: str, least: float, most: float | None = None, help: str, **more: Any) -> Any:
    """An option for a number from `least` to `most`; its help says so, and so does its error."""
    bounds = f"{least} or more" if most is None else f"{least} to {most}"
    check = _within(least, most, bounds)
    return typer.Option(*names, callback=check, help=f"{help} [{bounds}]", **more)


def _within(
    least: float, most: float | None, bounds: str
) -> Callable[[typer.CallbackParam, Any], Any]:
    def check(param: typer.CallbackParam, value: Any) -> Any:
        if value is not None and not least <= value <= (value if most is None else most):
            raise UsageError(f"{param.opts[0]} {value}: give {bounds}")
        return value

    return check
