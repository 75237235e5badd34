"""The jars' directory is whole or absent, whatever Maven does."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rebalance.testing.apache_kafka import ApacheKafkaUnavailableError, libraries

# Stands in for Maven: fills the directory it is told and counts its runs.
MVN = """#!/bin/sh
for argument; do case "$argument" in -DoutputDirectory=*) out="${{argument#*=}}";; esac; done
/bin/mkdir -p "$out"; echo jar > "$out/a.jar"; echo run >> {runs}
exit {code}
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(libraries.CACHE_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def put_mvn(cache: Path, code: int) -> Path:
    runs = cache / "runs"
    mvn = cache / "bin" / "mvn"
    mvn.write_text(MVN.format(runs=runs, code=code))
    mvn.chmod(0o755)
    return runs


def test_concurrent_runs_fetch_once(cache: Path) -> None:
    runs = put_mvn(cache, code=0)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: libraries.fetch(), range(4)))
    assert set(found) == {libraries.directory()}
    assert [jar.name for jar in found[0].iterdir()] == ["a.jar"]
    assert runs.read_text() == "run\n"


def test_a_failed_fetch_leaves_nothing(cache: Path) -> None:
    put_mvn(cache, code=1)
    with pytest.raises(ApacheKafkaUnavailableError, match="no output"):
        libraries.fetch()
    assert not libraries.directory().exists()
    assert list(libraries.directory().parent.glob("*.part-*")) == []


def test_no_maven(cache: Path) -> None:
    with pytest.raises(ApacheKafkaUnavailableError, match="no `mvn` on PATH"):
        libraries.fetch()
