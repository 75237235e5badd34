"""`compare` and `measure`: what stands above in numbers, played in other ways, side by side."""

from collections.abc import Iterable, Mapping

from assignors.errors import AssignorError
from rebalance.simulation.choosing import PROTOCOLS
from rebalance.simulation.commands.command import Command, no_options
from rebalance.simulation.scenario import Call
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error
from rebalance.simulation.ways import Way, read_way

__all__ = ["COMMANDS"]


def _measure(call: Call, declared: Declared) -> Action:
    no_options(call)
    if call.words != ("from", "here"):
        raise call.error("expected `measure from here`")

    def play(stage: Stage) -> Iterable[str]:
        # Whoever counts by time must not count what happened at this very moment before.
        stage.simulation.begin_anew()
        stage.measured_from = stage.simulation.now
        return ()

    return play


def _compare(call: Call, declared: Declared) -> Action:
    no_options(call)
    if not call.words:
        raise call.error("expected ways to play it: eager, cooperative/sticky, ...")
    found = [_way(call, word) for word in dict.fromkeys(call.words)]

    def play(stage: Stage) -> Iterable[str]:
        stage.measuring(call)
        return table({each.name: stage.replay(each.overrides) for each in found})

    return play


def _way(call: Call, word: str) -> Way:
    known_or_error(call, word.partition("/")[0], PROTOCOLS, "a protocol")
    try:
        return read_way(word)
    except AssignorError as error:
        raise call.error(str(error)) from None


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
        name="measure",
        usage="measure from here",
        help=(
            "`show metrics`, `compare` and `rebalance compare` count from here on: the deploy and "
            "not the start before it. Where all is at rest."
        ),
        prepare=_measure,
    ),
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
