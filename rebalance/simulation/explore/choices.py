"""What one consumer may do next, by itself: the choices that no other has a part in.

Why: here is said which timer may fire when, and what counts as a fault; docs/explore.md says why.
Rule kept: a timer that sets a pace (heartbeat, backoff) fires whenever it likes. One that measures
patience fires when what it waits for cannot come any more; to run out on somebody who is only late
is a fault.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from rebalance.member.core import COMMITS_HOLD_UP, RequestKind
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKey, TimerKind
from rebalance.simulation.explore.acting import NOW, Acting
from rebalance.simulation.explore.consumer import (
    Consumer,
    Life,
    core_of,
    tokens,
)
from rebalance.simulation.network import api_name

__all__ = ["Choice", "choices"]

_OUT = frozenset({MemberState.LEAVING, MemberState.STOPPED, MemberState.FAILED})


class Choice(NamedTuple):
    """Something that may happen; `fault` names the kind of fault it is, "" for none."""

    label: str
    fault: str
    act: Callable[[Acting], None]
    waits_at_broker: bool = False
    """The fault is to be impatient with a broker that has this request, or one before it: it is
    none if the broker owes nothing any more, for it reads no further then."""


def choices(consumer: Consumer) -> Iterator[Choice]:
    """All that may happen to this consumer next, in a fixed order."""
    if consumer.life is Life.UNBORN:
        yield Choice(f"{consumer.name} starts", "", Acting.start)
    elif consumer.alive:
        yield from _answers(consumer)
        yield from _application(consumer)
        for key, _ in sorted(core_of(consumer.member).timers.armed(), key=str):
            yield from _timer(consumer, key)
        yield from _faults(consumer)


def _answers(consumer: Consumer) -> Iterator[Choice]:
    name, line = consumer.name, consumer.line
    if line.to_member:
        response = line.to_member[0].response
        error = getattr(response, "error", None)
        said = "" if error is None or not error.value else f": {error.name}"
        api = type(response).__name__.removesuffix("Response")
        yield Choice(f"{name} hears the answer to its {api}{said}", "", Acting.hear)


def _application(consumer: Consumer) -> Iterator[Choice]:
    name, waiting = consumer.name, tokens(consumer.member)
    if "listener" in waiting:
        yield Choice(f"{name}'s listener returns", "", Acting.return_from_listener)
    if "assignor" in waiting:
        yield Choice(f"{name}'s assignor is done", "", Acting.assign)
    if consumer.member.state is MemberState.STALE:
        yield Choice(f"{name} polls again", "", Acting.poll)


def _timer(consumer: Consumer, key: TimerKey) -> Iterator[Choice]:
    act = partial(Acting.fire, key=key)
    owner = f" of {key.member_id}" if key.member_id else ""
    label = f"{consumer.name}: {key.kind.value}{owner} is over"
    match key.kind:
        case TimerKind.HEARTBEAT | TimerKind.RETRY:
            yield Choice(label, "", act)
        case TimerKind.METADATA:
            deadline = core_of(consumer.member).timers.deadline(key)
            if deadline == NOW:  # asked for at once; later looks would see what the first one saw
                yield Choice(label, "", act)
        case TimerKind.REQUEST:
            kind = RequestKind.OFFSET_COMMIT.value
            role = kind if key.member_id == COMMITS_HOLD_UP else key.member_id
            line = consumer.line
            on_its_way = role in {each.role for each in line.to_member}
            behind_parked = line.at_broker is not None and not on_its_way
            yield Choice(label, "timeout" if role in line.roles else "", act, behind_parked)
        case _:
            yield Choice(label, "timeout", act)


def _faults(consumer: Consumer) -> Iterator[Choice]:
    name, line = consumer.name, consumer.line
    if consumer.member.state not in _OUT:
        yield Choice(f"{name} is closed", "close", Acting.close)
    to_broker = bool(line.to_broker) and line.at_broker is None
    lost = "; what it had sent is lost" if to_broker else ""
    yield Choice(f"{name} crashes{lost}", "crash", partial(Acting.crash, arrives=False))
    if to_broker:
        label = f"{name} crashes; what it had sent still arrives"
        yield Choice(label, "crash", partial(Acting.crash, arrives=True))
    if line.roles:
        yield Choice(f"{name}'s connection breaks{lost}", "cut", partial(Acting.cut, arrives=False))
    if to_broker:
        label = f"{name}'s connection breaks; what it had sent still arrives"
        yield Choice(label, "cut", partial(Acting.cut, arrives=True))
    if line.to_broker:
        api = api_name(line.to_broker[0].request)
        yield Choice(f"the {api} of {name} is lost", "loss", Acting.lose_request)
    if line.to_member:
        api = type(line.to_member[0].response).__name__.removesuffix("Response")
        yield Choice(f"the answer to the {api} of {name} is lost", "loss", Acting.lose_answer)
