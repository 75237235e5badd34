"""Who makes clients, with which assignors they are judged, and how their programs are started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from rebalance.testing.pipes import environment
from tests.java import programs
from tests.java.programs import require_java
from tests.judges import go_program

RANGE = "range"
COOPERATIVE = "cooperative-sticky"
_WHAT = "foreign clients as judges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """`start(argument, errors)` runs its program, with pipes to its input and output.

    `require` skips the test, or in CI fails it, where the program cannot be run.
    """

    name: str
    assignors: tuple[str, ...]
    start: Callable[[str, IO[bytes]], subprocess.Popen[bytes]]
    require: Callable[[], None]


def _python(module: str) -> Callable[[str, IO[bytes]], subprocess.Popen[bytes]]:
    def start(argument: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        return _popen(
            [sys.executable, "-P", "-m", f"tests.judges.members.{module}", argument], errors
        )

    return start


def _java(argument: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return programs.start("Judge", argument, stderr=errors)


def _go(argument: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return _popen([str(go_program.built()), argument], errors)


def _popen(command: list[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment(),
        start_new_session=True,  # Ctrl-C is for the owner, whose end then ends the program
    )


def _nothing() -> None:
    """The Python clients are what the tests are installed with."""


JAVA = Maker(
    name="java",
    assignors=(RANGE, COOPERATIVE),
    start=_java,
    require=lambda: require_java(f"Java among {_WHAT}"),
)
LIBRDKAFKA = Maker(
    name="librdkafka",
    assignors=(RANGE, COOPERATIVE),
    start=_python("librdkafka"),
    require=_nothing,
)
FRANZ_GO = Maker(
    name="franz-go",
    assignors=(RANGE, COOPERATIVE),
    start=_go,
    require=lambda: go_program.require_go(f"franz-go among {_WHAT}"),
)
KAFKA_PYTHON = Maker(
    name="kafka-python",
    assignors=(RANGE, COOPERATIVE),
    start=_python("kafka_python"),
    require=_nothing,
)
AIOKAFKA = Maker(
    name="aiokafka",
    assignors=(RANGE,),
    start=_python("aiokafka"),
    require=_nothing,
)
MAKERS = (JAVA, LIBRDKAFKA, FRANZ_GO, KAFKA_PYTHON, AIOKAFKA)
