"""A lack is one clear skip on a developer's machine and a failure in CI."""

import subprocess
import sys
from pathlib import Path

import pytest

from rebalance.testing.apache_kafka.libraries import CACHE_VARIABLE, VERSION
from tests.support import brokers
from tests.support.requirements import REQUIRE_VARIABLE, lack_of, require

STARTER = Path(__file__).parents[1] / "testing" / "apache_kafka" / "test_starter.py"


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with no tool on it but what the test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put(path: Path, command: str, script: str) -> None:
    file = path / command
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_all_lacks_are_named_at_once(bare_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRE_VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        require("mvn", "go", what="These tests")
    assert str(skipped.value) == (
        "These tests not run: no `mvn` on PATH (install Maven); no `go` on PATH (install Go)"
    )


def test_ci_fails_instead(bare_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE_VARIABLE, "all")
    with pytest.raises(pytest.fail.Exception, match=r"no `chromium` or .* on PATH"):
        require("browser")


@pytest.mark.parametrize(
    ("script", "lack"),
    [
        ("""echo 'openjdk version "17.0.15" 2025-04-15' >&2""", None),
        ("""echo 'openjdk version "25" 2025-09-16' >&2""", None),
        ("""echo 'java version "1.8.0_402"' >&2""", "is version 1"),
        ("echo 'Unable to locate a Java Runtime.' >&2; exit 1", "does not run"),
    ],
)
def test_a_java_that_is_none(bare_path: Path, script: str, lack: str | None) -> None:
    put(bare_path, "java", script)
    found = lack_of("java")
    assert found is None if lack is None else found is not None and lack in found


def test_no_network_is_a_lack(
    bare_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(REQUIRE_VARIABLE, raising=False)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    put(bare_path, "java", """echo 'openjdk version "21"' >&2""")
    put(bare_path, "mvn", "echo '[ERROR] Unknown host'; exit 1")
    with pytest.raises(pytest.skip.Exception) as skipped:
        brokers.require_apache_kafka()
    assert str(skipped.value) == (
        "Apache Kafka tests not run: "
        f"Maven could not fetch Apache Kafka {VERSION}: [ERROR] Unknown host"
    )
    assert [p.name for p in (tmp_path / "cache").iterdir() if p.suffix != ".lock"] == []


def test_one_line_for_all_that_lack_the_same(
    bare_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(REQUIRE_VARIABLE, raising=False)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-k", "ends_cleanly", "-p", "no:cacheprovider", STARTER],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lack = "Apache Kafka tests not run: no `java` on PATH (install Java 17 or later)"
    (line,) = [line for line in done.stdout.splitlines() if "java" in line]
    # Where the jars have not been fetched before, Maven is lacking too, in the same line.
    assert line.startswith(f"SKIPPED [2] this machine: {lack}")
