"""`restart`: what a deploy does to its pods, in a line.

Why: "what would my next deploy do?" is asked of dozens of pods at once. A pod is told to stop, is
away, and comes back as a new process; who has not closed until then is killed, as an orchestrator
does at the end of its grace period.
"""

from collections.abc import Iterable
from functools import partial

from rebalance.simulation.commands.command import Command, clauses, no_options
from rebalance.simulation.commands.pacing import CLAUSES, pace_of
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage
from rebalance.simulation.values import duration

__all__ = ["COMMANDS"]

_KILLED = "killed"


def _restart(call: Call, declared: Declared) -> Action:
    no_options(call)
    killed = _KILLED in call.words
    words, found = clauses(_without(call, _KILLED), _CLAUSES)
    members = declared.names(call, words)
    if "away" not in found:
        raise call.error("expected `away DURATION`: how long until it is back")
    pace = pace_of(call, found)

    def play(stage: Stage) -> Iterable[str]:
        go = partial(_crash if killed else _close, call)
        for name, delay_ms in pace.turns(stage, members):
            back = partial(_come_back, stage, static=_is_static(stage, name))
            stage.simulation.later(name, delay_ms + found["away"], back, "come back")
            if delay_ms:
                stage.simulation.later(name, delay_ms, partial(go, stage), "go")
            else:
                go(stage, name)
        return ()

    return play


_CLAUSES = {**CLAUSES, "away": duration}


def _without(call: Call, word: str) -> Call:
    return Call(
        file=call.file,
        line=call.line,
        text=call.text,
        name=call.name,
        words=tuple(each for each in call.words if each != word),
    )


def _is_static(stage: Stage, name: str) -> bool:
    return stage.spec(name).config.group_instance_id is not None


def _close(call: Call, stage: Stage, name: str) -> None:
    process = stage.process(call, name)
    cause = "" if _is_static(stage, name) else "member left"
    stage.simulation.step(f"{process.name} is restarted", process.name, cause)
    process.close()


def _crash(call: Call, stage: Stage, name: str) -> None:
    process = stage.process(call, name)
    stage.simulation.step(f"{process.name} is killed", process.name, "session expired")
    process.crash()


def _come_back(stage: Stage, name: str, *, static: bool) -> None:
    process = stage.simulation.processes[name]
    if process.alive:
        text = f"{process.name} has not closed in time and is killed"
        stage.simulation.step(text, process.name, "session expired")
        process.crash()
    cause = "static member replaced" if static else "member joined"
    stage.simulation.step(f"{name} is back", name, cause)
    stage.simulation.start(name)


COMMANDS = (
    Command(
        name="restart",
        usage="restart pod-1..84 every 10s away 20s [by 12] [killed]",
        help=(
            "A deploy: each closes (`killed`: crashes), is `away` so long, and starts again; the "
            "next one `every` so long (`8s..12s`: drawn by the seed), `by` so many at a time; "
            "without `every` all at once. Who has not closed until it should be back is killed."
        ),
        prepare=_restart,
    ),
)
