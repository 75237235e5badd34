"""The subjects, and how each is started; the Java and Go ones are built here from their sources.

The rule kept here: what is built lands in the user's cache directory, under the digest of its
sources, and nowhere else. A machine that lacks a tool lacks that subject, and hears why.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.assignors.subject import SOFT, WITHOUT_ORTOOLS
from rebalance.testing.apache_kafka import libraries

SOURCES = Path(__file__).parent.parent / "peers"
ROOT = Path(__file__).parent.parent.parent
_BUILD_TIMEOUT_S = 600


class UnavailableError(RuntimeError):
    """This machine cannot run a subject: it says which tool is missing or what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A subject. `command`: what to start, before CASE PLAN SECONDS SLOW; builds it if need be.

    `ours`: it is one of this package. `seconds`: how long each figure is run at least; longer for a
    virtual machine, which compiles what it runs. `cases`: patterns of those it is measured on.
    """

    title: str
    command: Callable[[], list[str]]
    ours: bool = False
    seconds: float = 0.5
    cases: tuple[str, ...] = ("*",)


def python(subject: str) -> list[str]:
    """A subject in Python, with the interpreter that runs this."""
    return [sys.executable, "-m", "benchmarks.assignors.subject", subject]


def java(subject: str) -> list[str]:
    """One of Kafka's own, on the jars of the broker that the tests start."""
    try:
        jars = libraries.fetch()
    except libraries.ApacheKafkaUnavailableError as error:
        raise UnavailableError(str(error)) from None
    sources = sorted((SOURCES / "java").glob("*.java"))
    path = f"{jars}{os.sep}*"
    built = _built(
        "java",
        [*sources, libraries.POM],
        lambda target: [
            "javac",
            "-cp",
            path,
            "-d",
            str(target),
            *map(str, sources),
        ],
    )
    return ["java", "-XX:MaxRAMPercentage=50", "-cp", f"{built}{os.pathsep}{path}", "Peer", subject]


def go() -> list[str]:
    """franz-go, from the modules that its go.sum names."""
    sources = sorted((SOURCES / "go").iterdir())
    built = _built("go", sources, lambda target: ["go", "build", "-o", f"{target}/peers", "."])
    return [str(built / "peers")]


def kfake() -> list[str]:
    """franz-go's fake broker, for benchmarks/produce_fetch.py."""
    sources = sorted((SOURCES / "kfake").iterdir())
    built = _built("kfake", sources, lambda target: ["go", "build", "-o", f"{target}/kfake", "."])
    return [str(built / "kfake"), "warm"]


STICKY = "sticky"
COOPERATIVE = "cooperative-sticky"
WITHOUT = STICKY + WITHOUT_ORTOOLS
JAVA = "Java CooperativeSticky"
SERVER = "Kafka server uniform"
FRANZ_GO = "franz-go"
PROGRAMS: Mapping[str, Program] = {
    program.title: program
    for program in (
        Program(title=STICKY, command=lambda: python(STICKY), ours=True),
        Program(title=WITHOUT, command=lambda: python(WITHOUT), ours=True),
        Program(title=SOFT, command=lambda: python(SOFT), ours=True, cases=("nested-*", "chain-*")),
        Program(title=COOPERATIVE, command=lambda: python(COOPERATIVE), ours=True),
        Program(title=FRANZ_GO, command=go),
        Program(title=SERVER, command=lambda: java("uniform"), seconds=2),
        Program(title=JAVA, command=lambda: java("cooperative-sticky"), seconds=2),
        Program(title="kafka-python", command=lambda: python("kafka-python")),
        Program(title="aiokafka", command=lambda: python("aiokafka")),
    )
}


def available(titles: list[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The commands of those that can be run here, and why the others cannot."""
    commands: dict[str, list[str]] = {}
    lacking: dict[str, str] = {}
    for title in titles:
        try:
            commands[title] = PROGRAMS[title].command()
        except UnavailableError as error:
            lacking[title] = str(error)
    return commands, lacking


def _built(what: str, sources: list[Path], command: Callable[[Path], list[str]]) -> Path:
    """The directory of what `command` makes into a directory, made once per digest of sources."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]
    target = libraries.directory().parent / f"benchmark-peers-{what}-{digest}"
    if target.is_dir():
        return target
    part = target.with_suffix(f".part-{os.getpid()}")
    words = command(part)
    if shutil.which(words[0]) is None:
        raise UnavailableError(f"no `{words[0]}` on PATH")
    part.mkdir(parents=True)
    try:
        done = subprocess.run(
            words,
            cwd=SOURCES / what,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_BUILD_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise UnavailableError(f"`{' '.join(words[:2])}` failed: {done.stdout.strip()[-500:]}")
        if not target.is_dir():
            part.rename(target)
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"`{' '.join(words[:2])}` took {_BUILD_TIMEOUT_S} s") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target
