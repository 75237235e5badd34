"""`run`: let time pass, for so long or until something is so."""

from collections.abc import Callable, Iterable

from rebalance.protocol.states import GroupState, MemberState
from rebalance.simulation.commands.command import Command, no_options, value
from rebalance.simulation.scenario import Call
from rebalance.simulation.simulation import STABLE_WITHIN_MS
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error
from rebalance.simulation.values import duration, duration_range, seconds, short_duration

__all__ = ["COMMANDS"]

_EXPECTED = (
    "expected `run for 5s`, `run until 12s`, `run until stable [within 60s]` or "
    "`run until NAME is STATE [within 60s]`"
)


def _run(call: Call, declared: Declared) -> Action:
    no_options(call)
    match call.words:
        case ("for", text):
            return _for_time(*value(call, duration_range, text))
        case ("until", "stable"):
            return _until_stable(call, None)
        case ("until", "stable", "within", text):
            return _until_stable(call, value(call, duration, text))
        case ("until", name, "is", state):
            return _until_state(call, declared, name, state, STABLE_WITHIN_MS)
        case ("until", name, "is", state, "within", text):
            return _until_state(call, declared, name, state, value(call, duration, text))
        case ("until", text):
            return _until_time(call, value(call, duration, text))
    raise call.error(_EXPECTED)


def _for_time(least: int, most: int) -> Action:
    def play(stage: Stage) -> Iterable[str]:
        stage.simulation.run_for(stage.simulation.world.between(least, most))
        return ()

    return play


def _until_time(call: Call, time: int) -> Action:
    def play(stage: Stage) -> Iterable[str]:
        if time < stage.simulation.now:
            raise call.error(f"it is {seconds(stage.simulation.now)} already")
        stage.simulation.run_until(time)
        return ()

    return play


def _until_stable(call: Call, within_ms: int | None) -> Action:
    def play(stage: Stage) -> Iterable[str]:
        if stage.simulation.run_until_stable(within_ms):
            if stage.simulation.now == stage.started:
                stage.hints += _not_noticed(call, stage)
            return [f"stable {_when(stage)}"]
        why = "; ".join(stage.simulation.blockers())
        waited = STABLE_WITHIN_MS if within_ms is None else within_ms
        return [f"not stable within {short_duration(waited)}: {why}"]

    return play


def _not_noticed(call: Call, stage: Stage) -> Iterable[str]:
    """A group is Stable that counts on somebody out of reach, until a session expires."""
    apart = [process for process in stage.simulation.alive() if process.lines.out_of_reach]
    if apart:
        names = ", ".join(process.name for process in apart)
        group_id = apart[0].config.group_id
        yield (
            f"{call.file}:{call.line}: stable at once: nobody has noticed yet that {names} "
            f"{'is' if len(apart) == 1 else 'are'} out of reach. "
            f"`run until {group_id} is PreparingRebalance` waits until a session expires, "
            f"`run until {group_id} is Stable` then until the others have taken over."
        )


def _until_state(call: Call, declared: Declared, name: str, state: str, within_ms: int) -> Action:
    groups = set(declared.members.values())
    known_or_error(call, name, {*declared.members, *groups}, "a member or a group")
    kind: type[MemberState] | type[GroupState] = (
        MemberState if name in declared.members else GroupState
    )
    known_or_error(call, state, [each.value for each in kind], f"a state of {name}")
    current: Callable[[Stage], str] = (
        (lambda stage: stage.simulation.processes[name].state.value)
        if name in declared.members
        else (lambda stage: _group_state(stage, name))
    )

    def play(stage: Stage) -> Iterable[str]:
        if name in declared.members and name not in stage.simulation.processes:
            raise call.error(f"{name} is not running: expected `start {name}` before")
        end = stage.simulation.now + within_ms
        if stage.simulation.run_until(end, lambda: current(stage) == state):
            return [f"{name} is {state} {_when(stage)}"]
        return [f"{name} is {current(stage)}, not {state}, after {short_duration(within_ms)}"]

    return play


def _group_state(stage: Stage, group_id: str) -> str:
    group = stage.simulation.views.groups.get(group_id)
    return "unknown" if group is None else group.state


def _when(stage: Stage) -> str:
    took = stage.simulation.now - stage.started
    return f"at {seconds(stage.simulation.now)}, after {seconds(took)}"


COMMANDS = (
    Command(
        name="run",
        usage="run for 5s | until 12s | until stable [within 60s] | until A is Assigning",
        help=(
            "Let virtual time pass (`5s..8s`: drawn by the seed). Stable: every group is Stable "
            "with exactly the consumers that are awake, and they own all they want. (Who is out of "
            "reach is awake: its group counts on it until its session expires, and then nothing is "
            "stable before it is heard again. After `isolate`, run until the group is "
            "PreparingRebalance, then until it is Stable.) A state is a member's or a group's."
        ),
        prepare=_run,
    ),
)
