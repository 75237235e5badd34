"""`forbid` and `allow`: a consumer's permission on its group."""

from collections.abc import Callable, Iterable

from rebalance.simulation.commands.command import Command, no_options
from rebalance.simulation.faults import Faults
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage

__all__ = ["COMMANDS"]


def _prepared(act: Callable[[Faults, str], None]) -> Callable[[Call, Declared], Action]:
    def prepare(call: Call, declared: Declared) -> Action:
        no_options(call)
        names = declared.names(call, call.words)

        def play(stage: Stage) -> Iterable[str]:
            for name in names:
                act(stage.simulation.faults, name)
            return ()

        return play

    return prepare


COMMANDS = (
    Command(
        name="forbid",
        usage="forbid A B",
        help=(
            "They may not use their group any more: brokers refuse what they ask of it with "
            "GROUP_AUTHORIZATION_FAILED."
        ),
        prepare=_prepared(Faults.forbid),
    ),
    Command(
        name="allow",
        usage="allow A B",
        help="They may use their group again; who has failed stays so.",
        prepare=_prepared(Faults.allow),
    ),
)
