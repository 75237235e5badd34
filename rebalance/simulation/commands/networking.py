"""Commands for what goes wrong between consumers and brokers."""

from collections.abc import Callable, Iterable

from rebalance.simulation.commands.command import Command, clause, no_options, only_options, value
from rebalance.simulation.path import Delay
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error, written_out
from rebalance.simulation.values import duration_range, whole_number

__all__ = ["COMMANDS"]

_APIS = (
    *("FindCoordinator", "Metadata", "JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup"),
    *("OffsetCommit", "OffsetFetch"),
)
_DIRECTIONS = ("requests", "answers")


def _network(call: Call, declared: Declared) -> Action:
    only_options(call, ("delay",))
    if not call.options:
        raise call.error("expected delay=1..5ms")
    delay = Delay(*value(call, duration_range, call.options["delay"], "delay"))
    names = tuple(declared.member(call, word) for word in written_out(call, call.words))

    def play(stage: Stage) -> Iterable[str]:
        if not names:
            stage.simulation.delay = delay
        for name in names:
            stage.simulation.faults.delay(name, delay)
        return ()

    return play


def _isolate(call: Call, declared: Declared) -> Action:
    only_options(call, ("broker", "only"))
    words, time = clause(call, "for")
    only = call.options.get("only")
    if only is not None:
        known_or_error(call, only, _DIRECTIONS, "a direction")
    broker = declared.broker(call, call.options["broker"]) if "broker" in call.options else None

    def isolate(stage: Stage, name: str) -> None:
        stage.process(call, name)
        stage.simulation.faults.isolate(
            name,
            for_ms=time,
            requests=only != "answers",
            answers=only != "requests",
            broker=broker,
        )

    return _each(declared.names(call, words), isolate)


def _heal(call: Call, declared: Declared) -> Action:
    no_options(call)

    def heal(stage: Stage, name: str) -> None:
        stage.process(call, name)
        stage.simulation.faults.heal(name)

    return _each(declared.names(call, call.words), heal)


def _each(names: tuple[str, ...], act: Callable[[Stage, str], None]) -> Action:
    def play(stage: Stage) -> Iterable[str]:
        for name in names:
            act(stage, name)
        return ()

    return play


def _lose(call: Call, declared: Declared) -> Action:
    only_options(call, ("after",))
    answers = call.words[2:] == ("answers",)
    name, api = _member_and_api(call, declared, call.words[:2] if answers else call.words)
    after = value(call, whole_number, call.options.get("after", "0"), "after")

    def play(stage: Stage) -> Iterable[str]:
        stage.simulation.faults.lose(name, api, answers=answers, after=after)
        return ()

    return play


def _deliver(call: Call, declared: Declared) -> Action:
    no_options(call)
    name, api = _member_and_api(call, declared, call.words)

    def play(stage: Stage) -> Iterable[str]:
        stage.simulation.faults.deliver(name, api)
        return ()

    return play


def _member_and_api(call: Call, declared: Declared, words: tuple[str, ...]) -> tuple[str, str]:
    if len(words) != 2:
        raise call.error(f"expected a member and an API: {', '.join(_APIS)}")
    name = declared.member(call, words[0])
    return name, known_or_error(call, words[1], _APIS, "an API")


def _disconnect(call: Call, declared: Declared) -> Action:
    no_options(call)
    words, time = clause(call, "for")

    def disconnect(stage: Stage, name: str) -> None:
        stage.process(call, name)
        stage.simulation.faults.disconnect(name, for_ms=time)

    return _each(declared.names(call, words), disconnect)


COMMANDS = (
    Command(
        name="network",
        usage="network [A B] delay=1..5ms",
        help="How long a frame travels, one way (1..3ms by default), of all or of some members.",
        prepare=_network,
    ),
    Command(
        name="isolate",
        usage="isolate A B [for 20s] [only=requests|answers] [broker=2]",
        help=(
            "They and the brokers do not hear each other; `only`: in one direction. What is sent "
            "waits and arrives late, unless its connection was given up by then. A consumer that "
            "is started anew meanwhile is split off, too."
        ),
        prepare=_isolate,
    ),
    Command(
        name="heal",
        usage="heal A B",
        help="Their network is whole again.",
        prepare=_heal,
    ),
    Command(
        name="lose",
        usage="lose A SyncGroup [answers] [after=1]",
        help=(
            "Requests of that API, or the `answers` to them, get lost on their way, once `after` "
            "more got through."
        ),
        prepare=_lose,
    ),
    Command(
        name="deliver",
        usage="deliver A SyncGroup",
        help="Requests of that API and their answers arrive again.",
        prepare=_deliver,
    ),
    Command(
        name="disconnect",
        usage="disconnect A [for 5s]",
        help="Cut the connections; `for`: the broker cannot be reached so long.",
        prepare=_disconnect,
    ),
)
