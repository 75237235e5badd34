"""`produce`: how fast records come into a topic. Without it a topic is a backlog without end."""

from collections.abc import Iterable

from rebalance.simulation.commands.command import Command, clause, only_options, value
from rebalance.simulation.scenario import Call
from rebalance.simulation.simulation import Simulation
from rebalance.simulation.stage import Action, Declared, Stage, known_or_error
from rebalance.simulation.values import short_duration, whole_number

__all__ = ["COMMANDS"]


def _produce(call: Call, declared: Declared) -> Action:
    only_options(call, ("rate",))
    words, time = clause(call, "for")
    if len(words) != 1 or "rate" not in call.options:
        raise call.error("expected a topic and rate=NUMBER (records a second and partition)")
    topic = known_or_error(call, words[0], declared.topics, "a topic")
    rate = value(call, whole_number, call.options["rate"], "rate")
    if rate < 0:
        raise call.error(f"rate={rate}: expected a number of records a second, 0 or more")

    def play(stage: Stage) -> Iterable[str]:
        simulation = stage.simulation
        if topic not in simulation.node.topics:
            raise call.error(f"{topic} was deleted: expected a topic that exists")
        for_time = "" if time is None else f" for {short_duration(time)}"
        simulation.step(f"{topic} gets {rate} records a second and partition{for_time}")
        simulation.produce(topic, rate)
        if time is not None:
            simulation.world.after(time, _no_more, simulation, topic)
        return ()

    return play


def _no_more(simulation: Simulation, topic: str) -> None:
    if topic in simulation.node.topics:  # or it was deleted meanwhile
        simulation.produce(topic, 0)


COMMANDS = (
    Command(
        name="produce",
        usage="produce orders rate=100 [for 10s]",
        help=(
            "Records a second into each partition from now on; 0: no more. A topic that nobody "
            "produces to is a backlog without end."
        ),
        prepare=_produce,
    ),
)
