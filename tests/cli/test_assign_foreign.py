"""`rebalance assign` with assignors that are not ours: whatever they do, the command goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import COMMAND, ROOT, Assign, complaint, loaded, rebalance

LEAVE = str(ROOT / "examples/groups/leave.yaml")

FOREIGN = '''
import ctypes
import os
import re
import sys


class Base:
    name = "mine"

    def assign(self, cluster, members):
        plan = {member: [] for member in members}
        for topic, count in cluster.partitions.items():
            takers = sorted(m for m in members if topic in members[m].topics)
            for partition in range(count if takers else 0):
                plan[takers[partition % len(takers)]].append((topic, partition))
        return plan


class Raises(Base):
    def assign(self, cluster, members):
        raise KeyError("orders")


class Forgets(Base):
    name = "forgets"

    def assign(self, cluster, members):
        return {member: [] for member in members}


class Restless(Base):
    """Gives out what is free, and takes away the rest."""

    def __init__(self):
        from assignors import Promise, RebalanceProtocol
        self.protocols = (RebalanceProtocol.COOPERATIVE,)
        self.promises = {Promise.VALID, Promise.COOPERATIVE_SAFE}

    def assign(self, cluster, members):
        owned = {each for member in members.values() for each in member.owned}
        free = {("a", 0), ("a", 1)} - owned
        return {"m1": free or {("a", 1)}}


class Loops(Base):
    def assign(self, cluster, members):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass


class Holds(Base):
    """The interpreter, for ever."""

    def assign(self, cluster, members):
        re.match("(a+)+$", "a" * 60 + "b")


class Ends(Base):
    def assign(self, cluster, members):
        os._exit(7)


class Crashes(Base):
    def assign(self, cluster, members):
        os.kill(os.getpid(), 11)


class Closes(Base):
    def assign(self, cluster, members):
        os.closerange(0, 100)
        while True:
            pass


class Mine(BaseException):
    def __repr__(self):
        return "Mine(\\n)"


class RaisesItsOwn(Base):
    def assign(self, cluster, members):
        raise Mine


class Mute(BaseException):
    def __repr__(self):
        raise self


class RaisesMute(Base):
    def assign(self, cluster, members):
        raise Mute


class Interrupts(Base):
    def assign(self, cluster, members):
        raise KeyboardInterrupt


class Talks(Base):
    def __init__(self):
        print("made")

    def assign(self, cluster, members):
        print("asked: " + repr(sys.stdin.read()))
        os.write(1, b"[")
        return super().assign(cluster, members)


class Tells(Base):
    """Its process, and then nothing more."""

    def assign(self, cluster, members):
        print(os.getpid(), flush=True)
        while True:
            pass


class SendsNothing(Base):
    def user_data(self, topics, owned, generation_id):
        raise ValueError("no\\nbytes")


class Name(str):
    """A name of its own kind."""


class Named(Base):
    name = Name("named")

    def assign(self, cluster, members):
        plan = super().assign(cluster, members)
        return {member: [(Name(t), p) for t, p in owned] for member, owned in plan.items()}


class CannotBeMade(Base):
    def __init__(self):
        raise RuntimeError("cannot make\\nme")


class MadeForEver(Base):
    def __init__(self):
        while True:
            pass


class EndsWhenMade(Base):
    def __init__(self):
        os._exit(3)


class InterruptsWhenMade(Base):
    def __init__(self):
        raise KeyboardInterrupt


def best():
    from assignors.optimized import OptimizedAssignor
    return OptimizedAssignor(constraints={"max_moves": 0})


best = best()
'''


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "foreign.py").write_text(FOREIGN)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "foreign"


def named(*names: str) -> list[str]:
    return [part for name in names for part in ("--assignor", f"foreign:{name}")]


def test_the_others_are_shown_all_the_same(assign: Assign) -> None:
    arguments = [*named("Raises"), "--assignor", "sticky", *named("Forgets")]
    outcome = assign(LEAVE, *arguments)
    assert outcome.code == 1
    assert "foreign:Raises FAILED: assignor 'mine' raised KeyError('orders')" in outcome.out
    assert "foreign:Forgets FAILED: assignor 'forgets' gave partition 0 of" in outcome.out
    assert "sticky: as balanced as the subscriptions allow" in outcome.out


def test_a_failed_assignor_leaves_no_group_behind(assign: Assign, tmp_path: Path) -> None:
    path = tmp_path / "next.yaml"
    data = loaded(assign, LEAVE, *named("Raises"), "--output", str(path), code=1)
    assert data["assignors"][0]["ok"] is False
    assert "raised KeyError" in data["assignors"][0]["error"]
    assert data["assignors"][0]["quality"] is None
    assert not path.exists()


def test_rounds_without_end_are_ended(assign: Assign, written: Callable[[str], str]) -> None:
    file = written("topics: {a: 2}\nmembers: {m1: {topics: [a], owned: {a: all}}}")
    outcome = assign(file, *named("Restless"), "--width", "200")
    assert outcome.code == 1
    assert "foreign:Restless still takes partitions away in round 10" in outcome.out


LOST = [
    ("Loops", "foreign:Loops does not return (no answer after 0.5 s)"),
    ("Holds", "foreign:Holds does not return (no answer after 0.5 s)"),
    ("Ends", "foreign:Ends cannot be relied on: its process ended with exit code 7"),
    ("Crashes", "foreign:Crashes cannot be relied on: its process was killed by signal 11"),
    ("Closes", "foreign:Closes cannot be relied on: its process"),
    ("RaisesItsOwn", "foreign:RaisesItsOwn raised Mine( ): fix it, or choose another"),
    ("RaisesMute", "foreign:RaisesMute raised Mute: fix it, or choose another"),
    ("Interrupts", "foreign:Interrupts raised KeyboardInterrupt()"),
    ("MadeForEver", "foreign:MadeForEver does not return while importing it"),
    ("EndsWhenMade", "its process ended with exit code 3 while importing it"),
]


@pytest.mark.parametrize(("name", "words"), LOST, ids=lambda value: value.split()[0])
def test_what_no_process_survives_is_an_outcome(assign: Assign, name: str, words: str) -> None:
    limit = ("--time-limit", "0.5") if "does not return" in words else ()
    arguments = [*named(name), "--assignor", "range", *limit]
    lost, fine = loaded(assign, LEAVE, *arguments, code=1)["assignors"]
    assert (lost["ok"], lost["rounds"], lost["quality"]) == (False, [], None)
    assert words in lost["error"]
    assert len(lost["error"].splitlines()) == 1
    assert fine["ok"]


def test_what_it_prints_is_no_output(assign: Assign, tmp_path: Path) -> None:
    outcome = rebalance("assign", LEAVE, "--json", *named("Talks"), path=tmp_path)
    assert outcome.code == 0
    assert json.loads(outcome.out)["assignors"][0]["ok"]
    assert outcome.err == "made\nasked: ''\n["


def test_the_group_after_it(assign: Assign, tmp_path: Path) -> None:
    first, second = (str(tmp_path / name) for name in ("1.yaml", "2.yaml"))
    assert assign(LEAVE, *named("Named"), "--output", first).code == 0
    assert assign(LEAVE, *named("Base"), "--output", second).code == 0
    assert Path(first).read_text() == Path(second).read_text()
    assert "difference to today: nothing moves" in assign(first, *named("Base")).out


def test_user_data_that_cannot_be_had_is_a_failure(assign: Assign, tmp_path: Path) -> None:
    path = tmp_path / "next.yaml"
    told = loaded(assign, LEAVE, *named("SendsNothing"), "--output", str(path), code=1)
    error = told["assignors"][0]["error"]
    assert "raised ValueError('no\\nbytes') in user_data" in error
    assert not path.exists()


def test_names_of_its_own_kind_do_not_come_out_of_its_process(assign: Assign) -> None:
    (told,) = loaded(assign, LEAVE, *named("Named"))["assignors"]
    assert told["name"] == "named"
    assert sum(len(each) for each in told["difference"]["hands"]) > 0
    assert "foreign" not in sys.modules


def test_an_optimized_one_tells_of_its_solution(assign: Assign) -> None:
    (told,) = loaded(assign, LEAVE, *named("best"))["assignors"]
    assert told["solution"]["moves"] == told["quality"]["movements"] == 0


def test_one_of_another_client(assign: Assign) -> None:
    spec = "aiokafka.coordinator.assignors.range:RangePartitionAssignor"
    theirs, ours = loaded(assign, LEAVE, "--assignor", spec, "--assignor", "range")["assignors"]
    assert theirs["name"] == "range"
    assert theirs["rounds"] == ours["rounds"]


def test_an_entry_point_of_somebody_else_runs_apart_too(assign: Assign, tmp_path: Path) -> None:
    described = tmp_path / "foreign-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Name: foreign\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[rebalance.assignors]\nends = foreign:Ends\n")
    (told,) = loaded(assign, LEAVE, "--assignor", "ends", code=1)["assignors"]
    assert "its process ended with exit code 7" in told["error"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Nothing", "cannot be loaded"),
        ("Name", "is not an assignor: it needs a name"),
        ("CannotBeMade", "cannot be made without arguments (cannot make me)"),
        ("InterruptsWhenMade", "foreign:InterruptsWhenMade raised KeyboardInterrupt()"),
    ],
)
def test_none_that_can_be_asked_is_wrong_use(tmp_path: Path, name: str, words: str) -> None:
    line = complaint(rebalance("assign", LEAVE, *named(name), path=tmp_path))
    assert f"--assignor foreign:{name}: " in line
    assert words in line


# --- whoever ends the command --------------------------------------------------------------------


def begun(tmp_path: Path) -> tuple[subprocess.Popen[str], int]:
    """The command, and the process of its assignor, which has been asked."""
    # A shell may have told whom it starts in the background to ignore interrupts.
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from rebalance.cli.main import main; main()"
    )
    process = subprocess.Popen(
        [COMMAND[0], "-c", script, "assign", LEAVE, *named("Tells")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    return process, int(process.stderr.readline())


def test_the_users_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    process, worker = begun(tmp_path)
    with process:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == "rebalance: interrupted\n"
    assert process.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_a_command_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    process, _ = begun(tmp_path)
    with process:
        process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == ""  # its end: nobody holds the other side any more
