"""`rebalance compare`: the table, what is marked in it, its exit codes, and deploys by options."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from rebalance.cli.compare_table import tables
from rebalance.cli.main import run
from rebalance.simulation import Overrides
from rebalance.simulation.comparison import Compared, Played
from rebalance.simulation.ways import Way

STORY = """\
# H04: one consumer leaves.
set group.initial.rebalance.delay.ms=100
topic orders partitions=6
members A B C topics=orders

start A B C
run until stable
measure from here
close C
run until stable
show metrics
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(STORY, encoding="utf-8")
    return path


def played(name: str, complaints: Sequence[str] = (), **numbers: int) -> Compared:
    names = {"rebalances": "rebalances", "moved": "partitions moved"}
    metrics = {names[key]: value for key, value in numbers.items()}
    way = Way(name=name, overrides=Overrides())
    told = {"g": metrics} if metrics else {}
    return Compared(runs=(Played(way=way, numbers=told, complaints=tuple(complaints)),))


def test_three_ways_and_the_best_of_each_column(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", str(story), "--workers", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == [
        "eager/range",
        "eager/sticky",
        "cooperative/sticky",
    ]
    assert "*" in lines[2] + lines[3] + lines[4]
    assert lines[-1] == "* the best of its column"
    assert max(map(len, lines)) <= 80


def test_workers_change_nothing(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", str(story), "--workers", "1", "--json"]) == 0
    alone = capsys.readouterr().out
    assert run(["compare", str(story), "--workers", "2", "--json"]) == 0
    assert capsys.readouterr().out == alone


def test_json_has_every_metric(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", str(story), "--protocol", "eager", "--workers", "1", "--json"]) == 0
    (way,) = json.loads(capsys.readouterr().out)["ways"]
    assert (way["way"], way["sound"], way["complaints"]) == ("eager", True, [])
    (only,) = way["runs"]
    assert only["seed"] == 0
    assert only["measured_from_ms"] > 0
    assert only["metrics"] == way["metrics"] == way["least"] == way["most"]
    assert way["metrics"]["g"]["rebalances"] == 1
    assert way["metrics"]["g"]["longest unavailable, ms"] > 0


def test_settings_are_combined_and_named_where_they_differ(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["--set", "session.timeout.ms=10000,20000", "--set", "heartbeat.interval.ms=500"]
    arguments = ["--protocol", "eager", "--static", "both", "--workers", "1", *settings]
    assert run(["compare", str(story), *arguments, "--json"]) == 0
    ways = json.loads(capsys.readouterr().out)["ways"]
    assert [way["way"] for way in ways] == [
        "eager, session.timeout.ms=10000, dynamic",
        "eager, session.timeout.ms=10000, static",
        "eager, session.timeout.ms=20000, dynamic",
        "eager, session.timeout.ms=20000, static",
    ]
    gaps = [way["metrics"]["g"]["longest unavailable, ms"] for way in ways]
    assert gaps[0] == gaps[2] < 1000, "dynamic members say that they leave"
    assert 6_000 < gaps[1] < gaps[3] - 9_000, "static ones are missed when their session ends"


def test_a_setting_of_the_broker(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "group.initial.rebalance.delay.ms=0,6000"
    story.write_text(STORY.replace("measure from here\n", ""), encoding="utf-8")
    arguments = ["--protocol", "eager", "--set", text, "--workers", "1", "--json"]
    assert run(["compare", str(story), *arguments]) == 0
    quick, slow = json.loads(capsys.readouterr().out)["ways"]
    name = "longest unavailable, ms"
    assert quick["metrics"]["g"][name] < 4_000 < slow["metrics"]["g"][name]


def test_members_that_fail_are_no_winners(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--set", "session.timeout.ms=5000,10000", "--protocol", "eager"]
    assert run(["compare", str(story), *settings, "--workers", "1"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "session.timeout.ms=5000: 3 members failed: " in out
    assert "INVALID_SESSION_TIMEOUT" in out
    assert "*" not in out


def test_who_is_not_at_rest_at_the_end_is_no_winner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "crash.txt"
    file.write_text(STORY.replace("close C\nrun until stable\n", "crash C\nrun for 20s\n"))
    arguments = ["--workers", "1", "--protocol", "eager", "--set", "session.timeout.ms=45000,10000"]
    assert run(["compare", str(file), *arguments]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "timeout.ms=45000: not at rest at the end, so that its cost is not known yet:" in said
    assert "*" not in said


def test_what_cannot_be_played_is_told_and_the_rest_is_compared(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["--set", "heartbeat.interval.ms=3000,60000", "--protocol", "eager"]
    assert run(["compare", str(story), *settings, "--workers", "1"]) == 1
    out = capsys.readouterr().out
    assert "heartbeat.interval.ms=60000: cannot be played:" in out
    assert "must be less than" in " ".join(out.split())


def test_progress_is_for_terminals_and_leaves_nothing_behind(
    story: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["compare", str(story), "--workers", "1"]
    assert run(arguments) == 0
    assert capsys.readouterr().err == ""
    command, told = sys.modules["rebalance.cli.compare"], Event()
    so_far = command._so_far

    def noted(*numbers: float) -> str:
        told.set()
        return str(so_far(*numbers))

    def plays() -> Iterator[str]:
        assert told.wait(timeout=60)
        yield "a run"

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("rebalance.cli.progress.AFTER_S", 0)
    monkeypatch.setattr(command, "_so_far", noted)
    assert list(command._told(plays(), 3)) == ["a run"]
    said = capsys.readouterr().err
    assert said.startswith("\r0 of 3 runs played in 0 s")
    assert said.endswith(" \r")
    assert so_far(2, 6, 30.0) == "2 of 6 runs played in 30 s, 60 s left"


def test_a_page_of_timelines_one_a_way(
    story: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert run(["compare", str(story), "--workers", "2", "--html", str(page)]) == 0
    assert "cooperative/sticky" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert text.lower().startswith("<!doctype html>")
    for way in ("eager/range", "eager/sticky", "cooperative/sticky"):
        assert way in text
    assert "rebalance compare: story.txt" in text


def test_the_best_among_those_that_went_well() -> None:
    rows = [
        played("broken", ["I01 violated"], rebalances=1, moved=1),
        played("good", rebalances=2, moved=5),
        played("better", rebalances=2, moved=4),
    ]
    lines = list(tables(rows, width=80, color=False))
    assert [line for line in lines if "*" in line][:-1] == [lines[4]]
    assert lines[4].split() == ["better", "2", "-", "-", "-", "4*", "-"]
    assert "broken: I01 violated" in lines


def test_colour_only_repeats_and_a_long_name_has_a_line_of_its_own() -> None:
    rows = [played("a" * 50, rebalances=2, moved=5), played("b", rebalances=1, moved=5)]
    plain = list(tables(rows, width=80, color=False))
    painted = [
        line.replace("\x1b[1;32m", "").replace("\x1b[0m", "")
        for line in tables(rows, width=80, color=True)
    ]
    assert painted == plain
    assert "a" * 50 in plain
    assert max(map(len, plain)) <= 80


def test_a_deploy_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    deploy = ["--members", "4", "--partitions", "8", "--every", "3s", "--restart", "1s"]
    assert run(["compare", *deploy, "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "cooperative/sticky" in out
    assert "median of 5 seeds; below it the least and the most of them\n" in out


def test_the_file_that_options_stand_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy = ["--members", "4", "--deploy", "scale-in", "--count", "2"]
    for command in ("simulate", "compare"):
        assert run([command, *deploy, "--print-scenario"]) == 0
        text = capsys.readouterr().out
        assert "topic orders partitions=12\nmembers pod-1..4 topics=orders\n" in text
        assert "run for 24s..36s\nmeasure from here\nclose pod-3..4 every 8s..12s\n" in text
    file = tmp_path / "deploy.txt"
    file.write_text(text, encoding="utf-8")
    assert run(["simulate", str(file), "--rewrite"]) == 0
    assert run(["simulate", str(file)]) == 0


def test_simulate_by_options_judges_invariants_only(capsys: pytest.CaptureFixture[str]) -> None:
    deploy = ["--members", "3", "--deploy", "crash", "--static", "--restart", "2s"]
    assert run(["simulate", *deploy, "--set", "session.timeout.ms=10000"]) == 0
    out = capsys.readouterr().out
    assert "> members pod-1..3 topics=orders static=yes" in out
    assert "Invariants I01 to I06 hold" in out
    assert "utput as expected" not in out
    assert "Output not compared" not in out


WRONG = [
    (["compare"], "expected a scenario file, or a deploy as options"),
    (["compare", "FILE", "--members", "3"], "--members: for a deploy without a file"),
    (["compare", "--members", "3", "--deploy", "sudden"], "--deploy sudden: choose one of rolling"),
    (["compare", "--members", "3", "--count", "2"], "--count: a rolling deploy has none"),
    (["compare", "--members", "3", "--every", "soon"], "--every 'soon': expected a duration"),
    (["compare", "--members", "0"], "--members 0: expected 1 or more"),
    (["compare", "FILE", "--protocol", "lazy"], "'lazy' is not a protocol"),
    (["compare", "FILE", "--assignor", "stiky"], "no assignor is called 'stiky'"),
    (["compare", "FILE", "--static", "maybe"], "--static maybe: choose one of yes, no, both"),
    (["compare", "FILE", "--set", "session.timeout.ms"], "expected KEY=VALUE"),
    (["compare", "FILE", "--set", "session.timeout=1"], "did you mean 'session.timeout.ms'?"),
    (["simulate", "FILE", "--set", "x=1"], "known of the broker: group.initial.rebalance.delay.ms"),
    (["simulate", "FILE", "--set", "x=1"], "known of consumers: client.rack, enable"),
    (["compare", "FILE", "--set", "session.timeout.ms=1s"], "expected a whole number"),
    (["compare", "FILE", "--set", "group.id=a"], "unknown property"),
    (["simulate"], "expected a scenario file, or a deploy as options"),
    (["simulate", "--members", "3", "--rewrite"], "--rewrite keeps what a scenario file prints"),
    (["simulate", "FILE", "--set", "session.timeout.ms=10000,20000"], "one value each"),
    (
        ["compare", "FILE", "--html", "/no/where/page.html"],
        "--html /no/where/page.html: not a file",
    ),
    (["compare", "/no/such/file"], "No such file"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_used_wrongly(
    story: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert run([str(story) if word == "FILE" else word for word in arguments]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


def test_a_way_that_is_named_twice_is_played_once(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["--protocol", "eager", "--protocol", "eager", "--set", "session.timeout.ms=10000"]
    assert run(["compare", str(story), *again, "--workers", "1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["ways"]) == 1
    twice = ["--set", "session.timeout.ms=10000", "--set", "session.timeout.ms=20000"]
    assert run(["compare", str(story), *twice]) == 2
    assert "stands there twice" in capsys.readouterr().err


def test_a_longer_outage_of_all_costs_more(capsys: pytest.CaptureFixture[str]) -> None:
    lost = {}
    for away in ("5s", "60s"):
        deploy = ["--members", "3", "--partitions", "6", "--deploy", "all-at-once"]
        arguments = ["compare", *deploy, "--restart", away, "--workers", "1"]
        assert run([*arguments, "--protocol", "eager"]) == 0
        assert "nobody alive: another " in capsys.readouterr().out
        assert run([*arguments, "--protocol", "eager", "--json"]) == 0
        (way,) = json.loads(capsys.readouterr().out)["ways"]
        lost[away] = way["metrics"]["g"]["nobody alive, partition-ms"]
    assert lost["60s"] - lost["5s"] == 6 * 55_000


def test_who_was_never_all_away_is_told_nothing_of_it(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", str(story), "--protocol", "eager", "--workers", "1"]) == 0
    assert "nobody alive" not in capsys.readouterr().out


def test_where_ways_differ_in_it_each_is_named() -> None:
    results = [
        Compared(
            runs=(
                Played(
                    way=Way(name=name, overrides=Overrides()),
                    numbers={"g": {"nobody alive, partition-ms": lost}},
                ),
            )
        )
        for name, lost in (("eager", 0), ("cooperative", 1_000), ("sticky", 1_001))
    ]
    lines = list(tables(results, width=80, color=False))
    assert lines[-2:] == [
        "nobody alive: another 1,000 partition-ms (cooperative)",
        "nobody alive: another 1,001 partition-ms (sticky)",
    ]
    lines = list(tables(results[1:], width=80, color=False))
    assert lines[-1] == "nobody alive: another 1,000 to 1,001 partition-ms"


def test_of_several_seeds_the_median_the_least_and_the_most(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    several = ["compare", str(story), "--protocol", "eager", "--workers", "2", "--seeds", "3"]
    assert run([*several, "--seed", "7", "--json"]) == 0
    (way,) = json.loads(capsys.readouterr().out)["ways"]
    name = "unavailable, partition-ms"
    costs = [each["metrics"]["g"][name] for each in way["runs"]]
    assert [each["seed"] for each in way["runs"]] == [7, 8, 9]
    assert len(set(costs)) == 3
    told = [way[which]["g"][name] for which in ("least", "metrics", "most")]
    assert told == sorted(costs)
    assert run([*several, "--seed", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["eager", "least", "most"]
    assert [line.split()[3] for line in lines[2:5]] == [
        f"{number:,}" for number in (told[1], told[0], told[2])
    ]


def test_a_seed_that_went_wrong_spoils_its_way_and_says_so() -> None:
    way = Way(name="w", overrides=Overrides())
    runs = [
        Played(way=replace(way, overrides=Overrides(seed=seed)), numbers={}, complaints=complaints)
        for seed, complaints in ((1, ()), (2, ("I01 violated", "late")), (3, ("late",)))
    ]
    found = Compared(runs=tuple(runs))
    assert not found.sound
    assert found.complaints == ("seed 2: I01 violated", "seed 2: late")
    assert Compared(runs=tuple(runs[1:])).complaints == ("seed 2: I01 violated", "late")


def test_a_deploy_by_options_keeps_no_step_with_heartbeats(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An even pace of a multiple of the heartbeat made eager look five times as good."""
    deploy = ["--members", "6", "--partitions", "24", "--every", "15s", "--restart", "5s"]
    assert run(["compare", *deploy, "--protocol", "eager", "--workers", "1", "--json"]) == 0
    (way,) = json.loads(capsys.readouterr().out)["ways"]
    assert way["least"]["g"]["unavailable, partition-ms"] > 25_000


def test_a_mistake_in_the_scenario_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.txt"
    for text, says in (
        (STORY.replace("close C", "clsoe C"), "did you mean 'close'?"),
        (STORY.replace("close C", "start C"), "C is running: close or crash it"),
        ("# nothing\n", "no command in it"),
        ("topic t partitions=1\n", "no consumer comes to life in it"),
    ):
        file.write_text(text, encoding="utf-8")
        assert run(["compare", str(file), "--workers", "1"]) == 2
        told = capsys.readouterr()
        assert says in told.err
        assert (told.err.count("\n"), told.out) == (1, "")


IGNORED = [
    ["compare", "FILE", "--json", "--width", "80"],
    ["compare", "FILE", "--json", "--color", "always"],
    ["compare", "FILE", "--print-scenario", "--html", "page.html"],
    ["compare", "--members", "3", "--print-scenario", "--protocol", "eager"],
    ["simulate", "FILE", "--json", "--width", "80"],
    ["simulate", "FILE", "--json", "--ascii"],
    ["simulate", "FILE", "--print-scenario", "--json", "--trace", "t.jsonl"],
    ["simulate", "FILE", "--print-scenario", "--seed", "3"],
    ["timeline", "FILE", "--format", "svg", "--ascii"],
    ["timeline", "FILE", "--format", "html", "--color", "never"],
    ["timeline", "FILE", "--json", "--width", "100", "--ascii"],
]


@pytest.mark.parametrize("arguments", IGNORED, ids=" ".join)
def test_an_option_that_would_be_ignored_is_an_error(
    story: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run([str(story) if word == "FILE" else word for word in arguments]) == 2
    told = capsys.readouterr()
    assert ": leave out --" in told.err
    assert (told.err.count("\n"), told.out) == (1, "")


def test_waves_without_a_pause_between_them_are_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["compare", "--members", "6", "--every", "0s", "--by", "2"]) == 2
    assert "--by 2: without a pause there are no waves" in capsys.readouterr().err
