"""What a configuration key is: its type, its default, and which values Kafka takes for it.

One definition for topics, groups and the broker, so that a wrong value is refused in Kafka's words
wherever it is given. Source: `ConfigDef` and its validators (clients).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["ConfigKey", "ConfigType", "list_items"]

_WHOLE = re.compile(r"[+-]?[0-9]+\Z")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_RANGES = {3: (-(2**31), 2**31 - 1), 4: (-(2**15), 2**15 - 1), 5: (-(2**63), 2**63 - 1)}


class ConfigType(IntEnum):
    """As DescribeConfigs numbers them (`DescribeConfigsResponse.ConfigType`)."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigKey:
    """One key. `synonym` is the broker's property that stands behind it, if there is one.

    `least` and `most` bound a number, both ends included; `one_of` bounds a text or the items of a
    list; `further` is asked last and answers in words what is wrong.
    """

    name: str
    type: ConfigType
    default: str
    synonym: str | None = None
    least: float = -math.inf
    most: float = math.inf
    one_of: tuple[str, ...] = ()
    further: Callable[[str, str], str | None] | None = None

    def canonical(self, text: str) -> str:
        """A value as Kafka keeps it.

        Raises:
            ValueError: it is none, in Kafka's words.
        """
        value = text.strip() if self.type is not ConfigType.STRING else text
        match self.type:
            case ConfigType.BOOLEAN:
                value = value.lower()
                if value not in ("true", "false"):
                    raise self._refused(text, "Expected value to be either true or false")
            case ConfigType.INT | ConfigType.SHORT | ConfigType.LONG:
                value = self._whole(text, value)
            case ConfigType.DOUBLE:
                value = self._decimal(text, value)
            case ConfigType.LIST:
                items = list_items(value)
                self._check_words(items)
                value = ",".join(items)
            case _:
                self._check_words([value])
        problem = None if self.further is None else self.further(self.name, value)
        if problem is not None:
            raise ValueError(problem)
        return value

    def _whole(self, text: str, value: str) -> str:
        lowest, highest = _RANGES[self.type]
        # Thousands of digits are no number of any type, and int() would take its time for them.
        if not _WHOLE.match(value) or len(value) > 40 or not lowest <= int(value) <= highest:
            raise self._refused(text, f"Not a number of type {self.type.name}")
        number = int(value)
        self._check_range(number, str(number))
        return str(number)

    def _decimal(self, text: str, value: str) -> str:
        if not _DECIMAL.match(value) or len(value) > 400:
            raise self._refused(text, f"Not a number of type {self.type.name}")
        number = float(value)
        self._check_range(number, str(number))
        return str(number)

    def _check_range(self, number: float, shown: str) -> None:
        if number < self.least:
            raise self._refused(shown, f"Value must be at least {self.least}")
        if number > self.most:
            raise self._refused(shown, f"Value must be no more than {self.most}")

    def _check_words(self, words: list[str]) -> None:
        for word in words if self.one_of else ():
            if word not in self.one_of:
                allowed = ", ".join(self.one_of)
                raise self._refused(word, f"String must be one of: {allowed}")

    def _refused(self, shown: str, why: str) -> ValueError:
        return ValueError(f"Invalid value {shown} for configuration {self.name}: {why}")


def list_items(value: str) -> list[str]:
    """The items of a list's text; an empty text has none."""
    return [item.strip() for item in value.split(",")] if value.strip() else []
