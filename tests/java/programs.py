"""Compiles the Java programs beside this file against Kafka's own jars, and starts them.

Rule: compiled once per machine and version of the sources. The directory of the classes either
holds all of them or does not exist. Nothing but this file knows where the jars come from.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from rebalance.testing.apache_kafka import ApacheKafkaUnavailableError, libraries
from tests.support.requirements import not_run, require

_HERE = Path(__file__).parent
_SOURCES = sorted((_HERE / "src").glob("*.java"))
# Small and quick to start: the client compiler alone, one thread for the garbage.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xmx512m")


def require_java(what: str = "tests against Kafka's Java classes") -> None:
    """Skip, or in CI fail, where the programs cannot be compiled and run."""
    fetched = libraries.directory().is_dir()
    require("java", "javac", *(() if fetched else ("mvn",)), what=what)
    try:
        libraries.fetch()
    except ApacheKafkaUnavailableError as error:
        not_run(what, str(error))


def start(
    program: str, *arguments: str, stderr: int | IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """A program of src/ by its class name, with pipes to its input and output.

    Raises RuntimeError with javac's words if the sources do not compile.
    """
    class_path = f"{_classes()}:{libraries.fetch()}/*"
    command = ["java", *_JVM, f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}"]
    return subprocess.Popen(
        [*command, "-cp", class_path, program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,  # Ctrl-C is for the owner, whose end then ends the program
    )


def _classes() -> Path:
    jars = libraries.fetch()
    digest = hashlib.sha256(jars.name.encode())
    for source in _SOURCES:
        digest.update(source.name.encode() + source.read_bytes())
    target = jars.parent / f"java-programs-{digest.hexdigest()[:8]}"
    if not target.is_dir():
        _compile_into(target, jars)
    return target


def _compile_into(target: Path, jars: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{target.name}.part-", dir=target.parent) as part:
        classes = Path(part) / "classes"
        options = ["-encoding", "UTF-8", "-Xlint:all,-classfile,-processing", "-Werror"]
        done = subprocess.run(
            ["javac", *options, "-d", str(classes), "-cp", f"{jars}/*", *map(str, _SOURCES)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"tests/java/src does not compile:\n{done.stdout}")
        try:
            classes.rename(target)
        except OSError:  # another run was first, with the same sources
            if not target.is_dir():
                raise
