"""The commands of the scenario format, by name. docs/scenarios.md lists them."""

from collections.abc import Mapping

from rebalance.simulation.commands import (
    acting,
    brokers,
    comparing,
    deploying,
    networking,
    permitting,
    producing,
    setting,
    showing,
    strangers,
    waiting,
)
from rebalance.simulation.commands.command import Command

__all__ = ["COMMANDS", "Command"]

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for room in (
        setting,
        producing,
        acting,
        deploying,
        networking,
        permitting,
        brokers,
        strangers,
        waiting,
        showing,
        comparing,
    )
    for command in room.COMMANDS
}
