"""Commands that do something to consumers: what a deploy, a user or bad luck does."""

from collections.abc import Callable, Iterable, Sequence

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.states import MemberState
from rebalance.simulation.commands.command import Command, clause, no_options, only_options, value
from rebalance.simulation.commands.pacing import Pace, pace
from rebalance.simulation.process import Process
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error
from rebalance.simulation.values import duration, names, short_duration

__all__ = ["COMMANDS"]

_CALLS = ("revoke", "assign", "lose", "assignor")


def _start(call: Call, declared: Declared) -> Action:
    no_options(call)
    words, at = pace(call)
    members = declared.names(call, words)
    declared.started = True

    def start(stage: Stage, name: str) -> None:
        running = stage.simulation.processes.get(name)
        if running is not None and running.alive:
            raise call.error(f"{name} is running: close or crash it before it is started again")
        stage.simulation.step(f"{name} starts", name, cause="member joined")
        stage.simulation.start(name)

    return _paced(members, at, start, "start")


def _paced(
    members: Sequence[str], at: Pace, act: Callable[[Stage, str], None], what: str
) -> Action:
    def play(stage: Stage) -> Iterable[str]:
        at.act(stage, members, act, what)
        return ()

    return play


def _each(
    call: Call, declared: Declared, words: Iterable[str], act: Callable[[Stage, Process], None]
) -> Action:
    """Do something to each running process named."""
    members = declared.names(call, words)

    def play(stage: Stage) -> Iterable[str]:
        for name in members:
            act(stage, stage.process(call, name))
        return ()

    return play


def _close(call: Call, declared: Declared) -> Action:
    no_options(call)
    words, at = pace(call)

    def close(stage: Stage, name: str) -> None:
        process = stage.process(call, name)
        static = process.config.group_instance_id is not None
        cause = "" if static else "member left"
        stage.simulation.step(f"{process.name} closes", process.name, cause)
        process.close()

    return _paced(declared.names(call, words), at, close, "close")


def _crash(call: Call, declared: Declared) -> Action:
    no_options(call)
    words, at, error = *pace(call), None
    if "on" in words:
        on = words.index("on")
        if len(words) != on + 2:
            raise call.error("expected one error name after `on`, at the end")
        error = ErrorCode[known_or_error(call, words[-1], ErrorCode.__members__, "an error")]
        words = words[:on]

    def crash(stage: Stage, name: str) -> None:
        process = stage.process(call, name)
        if error is not None:
            process.crash_on = error
            return
        stage.simulation.step(f"{process.name} crashes", process.name, "session expired")
        process.crash()

    return _paced(declared.names(call, words), at, crash, "crash")


def _pause(call: Call, declared: Declared) -> Action:
    no_options(call)
    words, time = clause(call, "for")
    members = declared.names(call, words)

    def play(stage: Stage) -> Iterable[str]:
        for name in members:
            stage.process(call, name)
            stage.simulation.faults.pause(name, for_ms=time)
        return ()

    return play


def _resume(call: Call, declared: Declared) -> Action:
    no_options(call)
    return _each(call, declared, call.words, lambda stage, process: process.resume())


def _busy(call: Call, declared: Declared) -> Action:
    no_options(call)
    words, time = clause(call, "for")
    if time is None:
        raise call.error("expected `busy NAME for DURATION`")

    def busy(stage: Stage, process: Process) -> None:
        text = f"{process.name} is busy for {short_duration(time)}"
        exceeds = time > process.config.max_poll_interval_ms
        cause = "poll interval exceeded" if exceeds else ""
        stage.simulation.step(text, process.name, cause)
        process.occupy(time)

    return _each(call, declared, words, busy)


def _subscribe(call: Call, declared: Declared) -> Action:
    only_options(call, ("topics",))
    if "topics" not in call.options:
        raise call.error("expected topics=NAME,... (empty: unsubscribe)")
    topics = names(call.options["topics"])

    def subscribe(stage: Stage, process: Process) -> None:
        _not_failed(call, process)
        text = f"{process.name} subscribes to {', '.join(topics) or 'nothing'}"
        cause = "subscription changed" if topics else "member left"
        stage.simulation.step(text, process.name, cause)
        process.subscribe(topics)

    return _each(call, declared, call.words, subscribe)


def _rejoin(call: Call, declared: Declared) -> Action:
    only_options(call, ("reason",))
    reason = call.options.get("reason", "")

    def rejoin(stage: Stage, process: Process) -> None:
        _not_failed(call, process)
        stage.simulation.step(f"{process.name} asks for a rebalance", process.name)
        process.enforce(reason)

    return _each(call, declared, call.words, rejoin)


def _not_failed(call: Call, process: Process) -> None:
    if process.state is MemberState.FAILED:
        raise call.error(f"{process.name} failed: expected that it is closed and started anew")


def _commit(call: Call, declared: Declared) -> Action:
    no_options(call)
    return _each(call, declared, call.words, lambda stage, process: process.commit())


def _listener(call: Call, declared: Declared) -> Action:
    only_options(call, ("revoke", "assign", "lose"))
    return _behave(call, declared)


def _assignor(call: Call, declared: Declared) -> Action:
    only_options(call, ("takes",))
    return _behave(call, declared)


def _behave(call: Call, declared: Declared) -> Action:
    members = declared.names(call, call.words)
    if not call.options:
        raise call.error("expected how long it takes, as in the documentation of the format")
    changes: dict[str, object] = {}
    for key, text in call.options.items():
        field = "assignor_ms" if key == "takes" else f"{key}_ms"
        changes[field] = value(call, duration, text, key)

    def play(stage: Stage) -> Iterable[str]:
        for name in members:
            spec, process = stage.spec(name), stage.simulation.processes.get(name)
            spec.behaviour = spec.behaviour.with_changes(changes)
            if process is not None:
                process.behave(changes)
        return ()

    return play


def _raise(call: Call, declared: Declared) -> Action:
    no_options(call)
    if len(call.words) < 2:
        raise call.error(f"expected a member and what raises: {', '.join(_CALLS)}")
    name = declared.member(call, call.words[0])
    what = {known_or_error(call, word, _CALLS, "something that raises") for word in call.words[1:]}

    def play(stage: Stage) -> Iterable[str]:
        spec, process = stage.spec(name), stage.simulation.processes.get(name)
        failing = {"failing": spec.behaviour.failing | what}
        spec.behaviour = spec.behaviour.with_changes(failing)
        if process is not None:
            process.behave(failing)
        return ()

    return play


COMMANDS = (
    Command(
        name="start",
        usage="start A B [every 2s [by 3]]",
        help="Bring consumers to life, at once or one after another (`by`: three at a time).",
        prepare=_start,
    ),
    Command(
        name="close",
        usage="close A [every 2s [by 3]]",
        help="Close in good order: commit, revoke, leave (a static member does not leave).",
        prepare=_close,
    ),
    Command(
        name="crash",
        usage="crash A [on MEMBER_ID_REQUIRED] [every 2s [by 3]]",
        help="The process is gone, its sockets are cut; `on`: as soon as that error is answered.",
        prepare=_crash,
    ),
    Command(
        name="pause",
        usage="pause A [for 15s]",
        help="The process stands still, as in a garbage collection.",
        prepare=_pause,
    ),
    Command(
        name="resume",
        usage="resume A",
        help="A paused process goes on and deals with what happened meanwhile.",
        prepare=_resume,
    ),
    Command(
        name="busy",
        usage="busy A for 10s",
        help="The application works on one batch: no polls, listeners wait; heartbeats go on.",
        prepare=_busy,
    ),
    Command(
        name="subscribe",
        usage="subscribe A topics=orders,payments",
        help="Change the subscription; no topics: unsubscribe.",
        prepare=_subscribe,
    ),
    Command(
        name="rejoin",
        usage='rejoin A reason="new weights"',
        help="The user asks for a rebalance (enforceRebalance).",
        prepare=_rejoin,
    ),
    Command(
        name="commit",
        usage="commit A",
        help="Commit the positions as they are now.",
        prepare=_commit,
    ),
    Command(
        name="listener",
        usage="listener A revoke=200ms assign=50ms lose=0ms",
        help="How long the rebalance listener takes.",
        prepare=_listener,
    ),
    Command(
        name="assignor",
        usage="assignor A takes=5s",
        help="How long the assignor takes when this member leads.",
        prepare=_assignor,
    ),
    Command(
        name="raise",
        usage="raise A revoke|assign|lose|assignor",
        help="From now on that callback, or the assignor, raises.",
        prepare=_raise,
    ),
)
