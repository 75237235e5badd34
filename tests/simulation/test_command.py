"""`rebalance simulate`: what it prints, what it writes, how it exits."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.simulate import simulate
from rebalance.cli.terminal import ColorWhen
from rebalance.simulation import Simulation
from rebalance.simulation.checkers import Problem, ProblemKind, Unsettled
from rebalance.simulation.checkers.limits import LEADER_CAME_BACK
from rebalance.timeline.trace import read_trace

STORY = """\
# J10: one member alone.
topic orders partitions=4
members A topics=orders

start A
run until stable
show ownership
----
stable at 3.021s, after 3.021s
orders: A 0-3
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(STORY, encoding="utf-8")
    return path


def run(path: Path, **options: Any) -> int:
    """The exit code."""
    drawn: dict[str, Any] = {"color": ColorWhen.NEVER, "width": 80}
    settings = options if options.get("json_output") else drawn | options
    try:
        simulate(path, **settings)
    except typer.Exit as stop:
        return stop.exit_code
    return 0


def test_story_is_told_drawn_measured_and_judged(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(story) == 0
    out = capsys.readouterr().out
    assert "> start A\n> run until stable\n> show ownership\nstable at 3.021s" in out
    assert "member joined: A" in out
    assert "double-owned, partition-ms 0" in " ".join(out.split())
    assert "Invariants I01 to I06 hold" in out
    assert out.endswith("Output as expected.\n")


def test_difference_is_shown_and_exits_1(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story.write_text(STORY.replace("A 0-3", "A 0-2"), encoding="utf-8")
    assert run(story) == 1
    out = capsys.readouterr().out
    assert f"{story}:5: printed (+) is not what is expected (-):" in out
    assert "- orders: A 0-2\n+ orders: A 0-3\n" in out
    assert "1 of 2 blocks printed something else" in out


def test_rewrite_keeps_what_is_printed(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story.write_text(STORY.replace("A 0-3", "A 0-2"), encoding="utf-8")
    assert run(story, rewrite=True) == 0
    assert story.read_text(encoding="utf-8") == STORY
    assert "rewritten" in capsys.readouterr().out
    assert run(story) == 0


def test_played_another_way_is_not_compared(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(story, protocol="cooperative", assignor="sticky", seed=5) == 0
    out = capsys.readouterr().out
    assert "seed 5" in out
    assert "Output not compared" in out


def test_trace_is_written(story: Path, tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    assert run(story, trace=file) == 0
    trace = read_trace(file)
    assert trace.header.clock == "virtual"
    assert trace.events[-1].t == 3021


def test_json_has_everything(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(story, json_output=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is True
    assert told["rules"] == ["J10"]
    assert told["blocks"][1]["output"] == ["stable at 3.021s, after 3.021s", "orders: A 0-3"]
    assert told["violations"] == []
    assert told["metrics"]["g"]["rebalances"] == 1


LIMIT = """\
topic orders partitions=4
members A topics=orders assignors=cooperative-sticky instance=a
members B topics=orders assignors=cooperative-sticky
start A
run until stable
crash A
partitions orders 6
start A
----
stable at 3.017s, after 3.017s
"""


@pytest.mark.parametrize("as_json", [False, True])
def test_j15_a_limit_of_the_protocol_is_told_and_is_no_failure(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "limit.txt"
    path.write_text(LIMIT, encoding="utf-8")
    assert run(path, json_output=as_json) == 0
    out = capsys.readouterr().out
    if as_json:
        told = json.loads(out)
        assert (told["violations"], told["passed"]) == ([], True)
        (limit,) = told["limits"]
        assert (limit["rule"], limit["reason"]) == ("I05", LEADER_CAME_BACK)
    else:
        assert "Invariants I01 to I06 hold" in out
        assert "A limit of Kafka's protocol, no failure: I05 at" in out
        assert f"nobody owns orders-4, orders-5 of g: {LEADER_CAME_BACK}." in out


@pytest.mark.parametrize("as_json", [False, True])
def test_violation_is_told_with_what_led_to_it(
    story: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    as_json: bool,
) -> None:
    def settle(simulation: Simulation) -> None:
        problem = Problem(kind=ProblemKind.MEMBER, detail="Joining", text="it is a test")
        simulation.checkers.told(Unsettled(t=simulation.now, problem=problem))

    monkeypatch.setattr("rebalance.simulation.run.settle", settle)
    assert run(story, json_output=as_json) == 1
    out = capsys.readouterr().out
    if as_json:
        violation = json.loads(out)["violations"][0]
        assert (violation["rule"], violation["t_ms"]) == ("I05", 3021)
        assert violation["code"] == "member Joining"
        assert violation["last_events"][-1]["event"] == "assigned"
    else:
        assert "I05 violated at 3.021s: it is a test" in out
        assert "A  is assigned orders 0-3" in out


WRONG = [
    ({"protocol": "lazy"}, "--protocol lazy: choose one of eager, cooperative"),
    ({"assignor": "stiky"}, "--assignor stiky: no assignor is called 'stiky'"),
    ({"rewrite": True, "seed": 1}, "--rewrite keeps what the scenario itself prints"),
    ({"trace": Path("/nowhere/at/all.jsonl")}, "not a file in an existing directory"),
]


@pytest.mark.parametrize(("options", "says"), WRONG, ids=[says for _, says in WRONG])
def test_used_wrongly(story: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(story, **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        run(tmp_path / "none.txt")
    with pytest.raises(UsageError, match=r"irectory"):
        run(tmp_path)
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="UTF-8"):
        run(binary)


def test_typo_in_the_scenario(story: Path) -> None:
    story.write_text(STORY.replace("start A", "strat A"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"story.txt:5: 'strat' is not a command: did you mean"):
        run(story)


@pytest.mark.parametrize("text", ["", "# prose alone\n"])
def test_file_without_a_command(tmp_path: Path, text: str) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"empty.txt: no command in it: expected `topic`"):
        run(empty)


@pytest.mark.parametrize(("last", "said"), [("", True), ("run for 1s\n", False)])
def test_story_in_which_no_time_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], last: str, said: bool
) -> None:
    still = tmp_path / "still.txt"
    still.write_text(f"topic t partitions=1\nmembers A topics=t\nstart A\n{last}")
    assert run(still) == 0
    told = capsys.readouterr().out
    assert ("No time passed: expected `run for 5s`" in told) == said
    assert ("Output as expected." in told) != said


SPLIT = """
topic t partitions=2
members A B topics=t session.timeout.ms=6000
start A B
run until stable
isolate A"""


@pytest.mark.parametrize("only", ["", " only=answers"])
def test_stable_at_once_is_told_with_who_is_out_of_reach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], only: str
) -> None:
    file = tmp_path / "split.txt"
    file.write_text(f"{SPLIT}{only}\nrun until stable\n", encoding="utf-8")
    assert run(file) == 0
    told = capsys.readouterr().out
    assert f"{file}:7: stable at once: nobody has noticed yet that A is out of reach. " in told
    assert run(file, json_output=True) == 0
    (hint,) = json.loads(capsys.readouterr().out)["hints"]
    # What it advises works.
    advised = re.findall("`(.*?)`", hint)
    assert advised == ["run until g is PreparingRebalance", "run until g is Stable"]
    lines = "\n".join([SPLIT + only, *advised, "heal A", "run until stable", ""])
    file.write_text(lines, encoding="utf-8")
    assert run(file) == 0
    told = capsys.readouterr().out
    assert "nobody has noticed" not in told
    for reached in ("g is PreparingRebalance at", "g is Stable at", "\nstable at"):
        assert reached in told


def test_what_is_measured_is_no_closer_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "measured.txt"
    path.write_text(STORY.split("show")[0] + "measure from here\nrun for 10s\n")
    assert run(path) == 0
    assert "session timeout" not in capsys.readouterr().out


def test_scenario_without_anything_to_draw(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("run for 5s\n", encoding="utf-8")
    assert run(empty) == 0
