"""The broker's jars, fetched once per machine by Maven.

Rule: the directory either holds all jars or does not exist. Maven writes into a temporary directory
beside it, which is renamed when complete; a lock makes concurrent runs wait for the first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

POM = Path(__file__).with_name("pom.xml")
CACHE_VARIABLE = "REBALANCE_CACHE"
_FETCH_TIMEOUT_S = 600


class ApacheKafkaUnavailableError(RuntimeError):
    """This machine cannot run Apache Kafka: it lacks Java, Maven or the network."""


def _version() -> str:
    for dependency in ElementTree.parse(POM).iterfind(".//{*}dependency"):
        if dependency.findtext("{*}artifactId", "").startswith("kafka_"):
            return dependency.findtext("{*}version", "")
    raise AssertionError(f"{POM} names no version of Apache Kafka")


VERSION = _version()


def directory() -> Path:
    """Where the jars are kept: ``$REBALANCE_CACHE``, else the user's cache directory.

    The name carries the pom's digest, so that a changed pom never meets yesterday's jars.
    """
    cache = os.environ.get(CACHE_VARIABLE)
    if cache is None:
        user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache = str(user_cache / "kafka-rebalance")
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]
    return Path(cache).absolute() / f"apache-kafka-{VERSION}-{digest}"


def fetch() -> Path:
    """The directory of the jars, after fetching them if need be.

    Raises ApacheKafkaUnavailableError.
    """
    target = directory()
    if target.is_dir():
        return target
    if shutil.which("mvn") is None:
        raise ApacheKafkaUnavailableError(f"no `mvn` on PATH to fetch Apache Kafka {VERSION} with")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_suffix(f"{target.suffix}.lock")):
        if not target.is_dir():
            _fetch_into(target)
    return target


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import fcntl  # not at the top: the rest of the test suite also runs where there is none

    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed, also by a crash
        yield


def _fetch_into(target: Path) -> None:
    part_prefix = f"{target.name}.part-"
    for abandoned in target.parent.glob(f"{part_prefix}*"):  # by a killed run: we hold the lock
        shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=part_prefix, dir=target.parent) as part:
        jars = Path(part) / "jars"
        goal = "dependency:copy-dependencies"
        command = ["mvn", "-q", "-B", "-f", str(POM), goal, f"-DoutputDirectory={jars}"]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_FETCH_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ApacheKafkaUnavailableError(
                f"Maven did not fetch Apache Kafka {VERSION} within {_FETCH_TIMEOUT_S} s"
            ) from None
        if done.returncode != 0:
            first_error = next((x for x in done.stdout.splitlines() if "ERROR" in x), "no output")
            raise ApacheKafkaUnavailableError(
                f"Maven could not fetch Apache Kafka {VERSION}: {first_error}"
            )
        jars.rename(target)
