"""`compare`: what stands above, played again in other ways, side by side."""

from collections.abc import Iterable, Mapping

from assignors.errors import AssignorError
from assignors.interface import resolve
from rebalance.simulation.choosing import PROTOCOLS, Overrides
from rebalance.simulation.commands.command import Command, no_options
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error

__all__ = ["COMMANDS"]


def _compare(call: Call, declared: Declared) -> Action:
    no_options(call)
    if not call.words:
        raise call.error("expected ways to play it: eager, cooperative/sticky, ...")
    ways = {word: _way(call, word) for word in call.words}

    def play(stage: Stage) -> Iterable[str]:
        measure = stage.measure
        if measure is None:
            raise call.error("nobody measures here: expected `measure=` where the scenario is run")
        return table({name: measure(stage.replay(way)) for name, way in ways.items()})

    return play


def _way(call: Call, word: str) -> Overrides:
    protocol, _, assignor = word.partition("/")
    known_or_error(call, protocol, PROTOCOLS, "a protocol")
    if assignor:
        try:
            resolve(assignor)
        except AssignorError as error:
            raise call.error(str(error)) from None
    return Overrides(protocol=PROTOCOLS[protocol], assignor=assignor or None)


def table(columns: Mapping[str, Mapping[str, Mapping[str, int]]]) -> list[str]:
    """Metrics of several traces side by side: way -> group -> metric -> value."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for way, groups in columns.items():
        for group_id, figures in groups.items():
            for name, figure in figures.items():
                rows.setdefault((group_id, name), {})[way] = f"{figure:,}"
    several = len({group_id for group_id, _ in rows}) > 1
    labels = {key: f"{key[0]}: {key[1]}" if several else key[1] for key in rows}
    first = max(map(len, labels.values()), default=0)
    widths = {
        way: max(len(way), *(len(row.get(way, "-")) for row in rows.values())) for way in columns
    }
    lines = [" " * first + "".join(f"  {way:>{widths[way]}}" for way in columns)]
    for key, row in rows.items():
        cells = "".join(f"  {row.get(way, '-'):>{widths[way]}}" for way in columns)
        lines.append(f"{labels[key]:<{first}}{cells}")
    return lines


COMMANDS = (
    Command(
        name="compare",
        usage="compare eager cooperative/sticky ...",
        help=(
            "Play everything above again, in a world of its own and with the same seed, once for "
            "each PROTOCOL or PROTOCOL/ASSIGNOR, and print the metrics side by side."
        ),
        prepare=_compare,
        plays=False,
    ),
)
