"""Commands for the brokers: how many, their disks, who coordinates what, and all clocks."""

from collections.abc import Callable, Iterable

from rebalance.protocol.errors import ErrorCode
from rebalance.simulation.commands.command import Command, clause, no_options, only_options, value
from rebalance.simulation.disk import APPEND_ERRORS
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error
from rebalance.simulation.values import duration, whole_number

__all__ = ["COMMANDS"]

_CLOCK = "expected `clock A|broker [2] jumps 15s` or `... counts 900ms` (in every second)"


def _brokers(call: Call, declared: Declared) -> Action:
    no_options(call)
    if declared.started:
        raise call.error("the brokers are there from the start: expected above any `start`")
    if len(call.words) != 1:
        raise call.error("expected how many")
    declared.brokers = value(call, whole_number, call.words[0])
    if not 1 <= declared.brokers <= 50:
        raise call.error("expected 1 to 50 brokers")
    return lambda stage: ()


def _log(call: Call, declared: Declared) -> Action:
    only_options(call, ("append", "fail", "error", "loading"))
    words, time = clause(call, "for")
    if words or not {"append", "fail", "loading"} & call.options.keys():
        raise call.error(
            "expected append=DURATION, fail=NUMBER, fail=all for DURATION or loading=DURATION"
        )
    options = call.options
    append = value(call, duration, options["append"], "append") if "append" in options else None
    loading = value(call, duration, options["loading"], "loading") if "loading" in options else None
    errors = [error.name for error in APPEND_ERRORS]
    error = ErrorCode[
        known_or_error(call, options.get("error", "NOT_ENOUGH_REPLICAS"), errors, "a log's error")
    ]
    every = options.get("fail") == "all"
    times = 0 if every else value(call, whole_number, options.get("fail", "0"), "fail")

    def play(stage: Stage) -> Iterable[str]:
        faults = stage.simulation.faults
        if loading is not None:
            stage.simulation.cluster.loading_ms = loading
        if append is not None:
            faults.slow_log(append, for_ms=time)
        if every:
            faults.fail_log(error, for_ms=time)
        elif times:
            faults.fail_appends(times, error)
        return ()

    return play


def _move(call: Call, declared: Declared) -> Action:
    no_options(call)
    match call.words:
        case (group_id, "to", text):
            known_or_error(call, group_id, set(declared.members.values()), "a group")
            broker = declared.broker(call, text)
            return _guarded(call, lambda stage: stage.simulation.faults.move(group_id, broker))
    raise call.error("expected `move GROUP to BROKER`")


def _broker(call: Call, declared: Declared) -> Action:
    only_options(call, ("failover",))
    failover = value(call, duration, call.options.get("failover", "0ms"), "failover")
    match call.words:
        case (text, "crashes"):
            broker = declared.broker(call, text)
            return _guarded(
                call,
                lambda stage: stage.simulation.faults.crash(broker, failover_ms=failover),
            )
        case (text, "starts") if not call.options:
            broker = declared.broker(call, text)
            return _guarded(call, lambda stage: stage.simulation.faults.start(broker))
    raise call.error("expected `broker 1 crashes [failover=9s]` or `broker 1 starts`")


def _guarded(call: Call, act: Callable[[Stage], None]) -> Action:
    """What cannot be done now is an error of the line."""

    def play(stage: Stage) -> Iterable[str]:
        try:
            act(stage)
        except ValueError as error:
            raise call.error(str(error)) from None
        return ()

    return play


def _clock(call: Call, declared: Declared) -> Action:
    no_options(call)
    *who, verb, text = call.words if len(call.words) > 2 else ("", "", "")
    if verb not in ("jumps", "counts"):
        raise call.error(_CLOCK)
    time = value(call, duration, text)
    if verb == "counts" and time < 1:
        raise call.error("a clock goes on: expected more than 0ms in every second")
    match who:
        case ["broker", *number] if len(number) < 2:
            broker = declared.broker(call, *(number or ["1"]))
            return _guarded(call, lambda stage: _broker_clock(stage, verb, broker, time))
        case [word]:
            name = declared.member(call, word)
            return _guarded(call, lambda stage: _member_clock(stage, verb, name, time))
    raise call.error(_CLOCK)


def _broker_clock(stage: Stage, verb: str, broker: int, time: int) -> None:
    faults = stage.simulation.faults
    (faults.jump_broker if verb == "jumps" else faults.drift_broker)(broker, time)


def _member_clock(stage: Stage, verb: str, name: str, time: int) -> None:
    faults = stage.simulation.faults
    (faults.jump if verb == "jumps" else faults.drift)(name, time)


COMMANDS = (
    Command(
        name="brokers",
        usage="brokers 3",
        help="How many brokers there are (1 by default), numbered from 1; above any `start`.",
        prepare=_brokers,
    ),
    Command(
        name="log",
        usage="log append=5ms fail=1|all [error=KAFKA_STORAGE_ERROR] loading=2s [for 20s]",
        help=(
            "How long the brokers take to write records; how many of the next writes fail, or all, "
            "and with which error; how long a coordinator takes to load its groups; `for`: writing "
            "is slow, or fails, so long."
        ),
        prepare=_log,
    ),
    Command(
        name="move",
        usage="move g to 2",
        help="Another broker coordinates the group: it loads it from the log.",
        prepare=_move,
    ),
    Command(
        name="broker",
        usage="broker 1 crashes [failover=9s] | broker 1 starts",
        help=(
            "A broker is gone with all that it had not written; after so long (at once) another "
            "coordinates its groups. A broker that starts coordinates what nobody does."
        ),
        prepare=_broker,
    ),
    Command(
        name="clock",
        usage="clock A|broker [2] jumps 15s | counts 900ms",
        help=(
            "The clock of a process, or of a broker, jumps ahead (a suspended machine), or counts "
            "so much in every second from now on."
        ),
        prepare=_clock,
    ),
)
