"""What a plan must satisfy, or should, as data.

The rule kept here: a constraint is checked for sense when it is made (two pins for one partition,
a capacity below zero), and held against the group only when there is one: topics and members come
and go, and what is not there today may be there tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from assignors.optimized import data
from assignors.optimized.errors import InvalidObjectiveError
from assignors.optimized.selectors import What, Who

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a member can take.

    `share`: how much of the load is fair for it beside others, 1 being the usual member; more than
    0. `max_partitions`, `max_weight`: never more than that (0 = nothing; None = no limit; weight in
    the objective's own units). As data: a number for the share, or a mapping of these.
    """

    share: float = 1
    max_partitions: int | None = None
    max_weight: float | None = None

    def __post_init__(self) -> None:
        try:
            share = data.number(self.share, "a capacity's share", above=0)
            if share > 1e6 or share < 1e-6:
                raise InvalidObjectiveError(
                    f"a capacity's share is {share!r}: give 0.000001 to 1000000"
                )
        except InvalidObjectiveError as error:
            raise InvalidObjectiveError(
                f"{error} (max_partitions: 0 is for a member that gets nothing)"
            ) from None
        object.__setattr__(self, "share", share)
        if self.max_partitions is not None:
            most = data.whole(self.max_partitions, "a capacity's max_partitions")
            object.__setattr__(self, "max_partitions", most)
        if self.max_weight is not None:
            weight = data.number(self.max_weight, "a capacity's max_weight")
            object.__setattr__(self, "max_weight", weight)

    @classmethod
    def from_data(cls, given: Any, where: str = "capacity") -> Capacity:
        """Raises InvalidObjectiveError."""
        if isinstance(given, Capacity):
            return given
        if not isinstance(given, Mapping):
            return cls(share=data.number(given, f"{where}, share", above=0))
        return cls(**data.keys_of(given, ("share", "max_partitions", "max_weight"), where))

    def to_data(self) -> dict[str, Any]:
        """What differs from the default."""
        fields = (("share", 1), ("max_partitions", None), ("max_weight", None))
        return {name: getattr(self, name) for name, usual in fields if getattr(self, name) != usual}

    def __str__(self) -> str:
        parts = [f"share {self.share:g}"] if self.share != 1 else []
        if self.max_partitions is not None:
            parts.append(f"at most {self.max_partitions} partitions")
        if self.max_weight is not None:
            parts.append(f"at most weight {self.max_weight:g}")
        return ", ".join(parts) or "usual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A capacity for some members, above what they say of themselves."""

    who: Who
    capacity: Capacity

    def __post_init__(self) -> None:
        _select(self, who="a capacity's who")
        object.__setattr__(self, "capacity", Capacity.from_data(self.capacity))

    def __str__(self) -> str:
        return f"capacity of {self.who}: {self.capacity}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """These partitions go to these members, as long as one of them is there and subscribed.

    With `must`, there is no plan without such a member.
    """

    what: What
    who: Who
    must: bool = False

    def __post_init__(self) -> None:
        _select(self, what="a pin's what", who="a pin's who")

    def __str__(self) -> str:
        return f"pin {self.what} to {self.who}{' (must)' if self.must else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """These partitions never go to these members."""

    what: What
    who: Who

    def __post_init__(self) -> None:
        _select(self, what="a ban's what", who="a ban's who")

    def __str__(self) -> str:
        return f"ban {self.what} from {self.who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """All these partitions on one member; with `by_number`, the same partition number of each.

    Whole topics: `what` are topics. Co-partitioning (KIP-881's joins, Kafka Streams): `what` are
    topics, and `by_number`: orders-3 and payments-3 on one member, and so for each number.
    `cost`: None = it must be so; else each member too many costs that much.
    """

    what: tuple[What, ...]
    by_number: bool = False
    cost: float | None = None

    def __post_init__(self) -> None:
        _select_all(self, "together")

    def __str__(self) -> str:
        how = " by number" if self.by_number else ""
        return f"together{how}: {_listed(self.what)}{_cost(self.cost)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """No two of these on one member, or, with `label`, on members with the same value of it.

    Each of `what` is one thing: partitions of one topic may meet, unless `each`: then no two
    partitions at all. Members without the label do not count.
    `cost`: None = it must be so; else each one too many on a member (or label value) costs that.
    """

    what: tuple[What, ...]
    label: str | None = None
    each: bool = False
    cost: float | None = None

    def __post_init__(self) -> None:
        _select_all(self, "apart")

    def __str__(self) -> str:
        how = " each" if self.each else ""
        where = f" by {self.label}" if self.label else ""
        return f"apart{how}{where}: {_listed(self.what)}{_cost(self.cost)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """All of them; see the classes of their parts.

    `max_moves`: at most so many partitions are taken from a live settled owner in a rebalance. A
    partition that nobody owns counts as one that is on its way already: it must be placed in any
    case, and leaves one move less for the others, so that under the cooperative protocol one
    hand-over in two rebalances is one move.
    Raises InvalidObjectiveError for what makes no sense.
    """

    max_moves: int | None = None
    capacity: tuple[Limit, ...] = ()
    pins: tuple[Pin, ...] = ()
    bans: tuple[Ban, ...] = ()
    together: tuple[Together, ...] = ()
    apart: tuple[Apart, ...] = ()

    def __post_init__(self) -> None:
        if self.max_moves is not None:
            moves = data.whole(self.max_moves, "max_moves")
            object.__setattr__(self, "max_moves", moves)
        for name in ("capacity", "pins", "bans", "together", "apart"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        groups: tuple[Together | Apart, ...] = (*self.together, *self.apart)
        for each in groups:
            _check_group(each)
        _check_pins(self.pins)

    def __bool__(self) -> bool:
        return self != Constraints()

    def __reduce__(self) -> tuple[Any, ...]:
        return Constraints.from_data, (self.to_data(),)

    @classmethod
    def from_data(cls, given: Mapping[str, Any]) -> Constraints:
        """From plain data; docs/optimized.md has an example of each.

        Raises InvalidObjectiveError for anything else, unknown keys first.
        """
        read = data.keys_of(given, tuple(_READERS), "constraints")
        return cls(
            **{key: _READERS[key](value) for key, value in read.items() if value is not None}
        )

    def to_data(self) -> dict[str, Any]:
        """Plain data that `from_data` reads back; what is not set is left out."""
        result: dict[str, Any] = {}
        if self.max_moves is not None:
            result["max_moves"] = self.max_moves
        if self.capacity:
            result["capacity"] = [
                {"who": each.who.to_data(), **each.capacity.to_data()} for each in self.capacity
            ]
        if self.pins:
            result["pins"] = [_of_pair(each, must=each.must) for each in self.pins]
        if self.bans:
            result["bans"] = [_of_pair(each) for each in self.bans]
        if self.together:
            result["together"] = [
                _of_group(each, by_number=each.by_number, cost=each.cost) for each in self.together
            ]
        if self.apart:
            result["apart"] = [
                _of_group(each, label=each.label, each=each.each, cost=each.cost)
                for each in self.apart
            ]
        return result

    @property
    def fingerprint(self) -> str:
        """16 hex digits, equal for equal `to_data()`."""
        return data.fingerprint(self.to_data())

    def describe(self) -> str:
        """One line a constraint; "none" without any."""
        lines = [f"max_moves {self.max_moves}"] if self.max_moves is not None else []
        lines += map(str, (*self.capacity, *self.pins, *self.bans, *self.together, *self.apart))
        return "\n".join(lines) or "none"

    def __str__(self) -> str:
        return self.describe()


def _select(part: Limit | Pin | Ban, **where: str) -> None:
    """Selectors as such, also where they were given as plain data."""
    for name, said in where.items():
        given: Any = getattr(part, name)
        read: Any = What.from_data(given, said) if name == "what" else Who.from_data(given, said)
        object.__setattr__(part, name, read)


def _select_all(group: Together | Apart, kind: str) -> None:
    listed = data.list_of(group.what, f"what is {kind}")
    read = tuple(What.from_data(each, f"what is {kind}") for each in listed)
    object.__setattr__(group, "what", read)


def _listed(what: tuple[What, ...]) -> str:
    return ", ".join(map(str, what))


def _cost(cost: float | None) -> str:
    return "" if cost is None else f" (cost {cost:g})"


def _of_pair(each: Pin | Ban, **more: bool) -> dict[str, Any]:
    extra = {key: value for key, value in more.items() if value}
    return {"what": each.what.to_data(), "who": each.who.to_data(), **extra}


def _of_group(group: Together | Apart, **more: Any) -> dict[str, Any]:
    extra = {key: value for key, value in more.items() if value is not None and value is not False}
    return {"what": [part.to_data() for part in group.what], **extra}


def _check_group(each: Together | Apart) -> None:
    kind = "together" if isinstance(each, Together) else "apart"
    if not each.what:
        raise InvalidObjectiveError(f"a constraint {kind!r} names nothing: list topics in what")
    if each.cost is not None:
        data.number(each.cost, f"the cost of {each}")
    one = len(each.what) == 1
    if isinstance(each, Apart) and one and not each.each:
        raise InvalidObjectiveError(f"{each} names one thing only: list two, or say each: true")
    by_number = isinstance(each, Together) and each.by_number
    if by_number and (one or any(part.partitions is not None for part in each.what)):
        raise InvalidObjectiveError(f"{each}: by_number takes two or more whole topics")
    for first, second in combinations(each.what, 2):
        twice = first.overlaps(second)
        if twice is not None:
            raise InvalidObjectiveError(
                f"{each} names {first.topic}-{twice} twice: name each partition once"
            )


def _check_pins(pins: Iterable[Pin]) -> None:
    by_topic: dict[str, list[Pin]] = {}
    for pin in pins:
        for other in by_topic.setdefault(pin.what.topic, []):
            twice = pin.what.overlaps(other.what)
            if twice is not None:
                raise InvalidObjectiveError(
                    f"partition {twice} of {pin.what.topic!r} is pinned twice, to {other.who} and "
                    f"to {pin.who}: pin it once"
                )
        by_topic[pin.what.topic].append(pin)


def _read_capacity(given: Any) -> tuple[Limit, ...]:
    limits = []
    for at, each in enumerate(data.list_of(given, "constraints, capacity")):
        where = f"constraints, capacity {at}"
        read = data.keys_of(each, ("who", "share", "max_partitions", "max_weight"), where)
        if "who" not in read:
            raise InvalidObjectiveError(f"{where} has no who: name a member, a label or a rack")
        rest = {key: value for key, value in read.items() if key != "who"}
        limits.append(
            Limit(
                who=Who.from_data(read["who"], f"{where}, who"),
                capacity=Capacity.from_data(rest, where),
            )
        )
    return tuple(limits)


def _read_pair(given: Any, where: str, keys: tuple[str, ...]) -> dict[str, Any]:
    read = data.keys_of(given, ("what", "who", *keys), where)
    for key in ("what", "who"):
        if key not in read:
            raise InvalidObjectiveError(f"{where} has no {key}: it needs what and who")
    extra = {key: data.flag(read[key], f"{where}, {key}") for key in keys if key in read}
    return {
        "what": What.from_data(read["what"], f"{where}, what"),
        "who": Who.from_data(read["who"], f"{where}, who"),
        **extra,
    }


def _read_pins(given: Any) -> tuple[Pin, ...]:
    rows = enumerate(data.list_of(given, "constraints, pins"))
    return tuple(Pin(**_read_pair(e, f"constraints, pins {at}", ("must",))) for at, e in rows)


def _read_bans(given: Any) -> tuple[Ban, ...]:
    rows = enumerate(data.list_of(given, "constraints, bans"))
    return tuple(Ban(**_read_pair(e, f"constraints, bans {at}", ())) for at, e in rows)


def _read_group(given: Any, where: str, flags: tuple[str, ...], more: tuple[str, ...]) -> Any:
    if not isinstance(given, Mapping):
        given = {"what": given}
    read = data.keys_of(given, ("what", *flags, *more, "cost"), where)
    what = data.list_of(read.get("what", ()), f"{where}, what")
    result: dict[str, Any] = {
        "what": tuple(What.from_data(each, f"{where}, what {at}") for at, each in enumerate(what))
    }
    result |= {key: data.flag(read[key], f"{where}, {key}") for key in flags if key in read}
    for key in more:
        if read.get(key) is not None:
            result[key] = data.text_of(read[key], f"{where}, {key}")
    if read.get("cost") is not None:
        result["cost"] = data.number(read["cost"], f"{where}, cost")
    return result


def _read_together(given: Any) -> tuple[Together, ...]:
    rows = enumerate(data.list_of(given, "constraints, together"))
    return tuple(
        Together(**_read_group(each, f"constraints, together {at}", ("by_number",), ()))
        for at, each in rows
    )


def _read_apart(given: Any) -> tuple[Apart, ...]:
    rows = enumerate(data.list_of(given, "constraints, apart"))
    return tuple(
        Apart(**_read_group(each, f"constraints, apart {at}", ("each",), ("label",)))
        for at, each in rows
    )


_READERS: dict[str, Any] = {
    "max_moves": lambda value: data.whole(value, "constraints, max_moves"),
    "capacity": _read_capacity,
    "pins": _read_pins,
    "bans": _read_bans,
    "together": _read_together,
    "apart": _read_apart,
}
