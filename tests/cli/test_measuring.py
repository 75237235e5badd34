"""What `measure from here` counts: all that comes after it, and nothing that came before."""

import json
import re
from pathlib import Path

import pytest

from rebalance.cli.main import run

START = """\
topic orders partitions=9
topic pay partitions=6
members A B C topics=orders
members P topics=pay
start A C
run until stable
"""


@pytest.fixture
def compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Way -> what `compare --json` tells of it."""

    def play(text: str, *arguments: str) -> dict[str, dict]:  # type: ignore[type-arg]
        file = tmp_path / "story.txt"
        file.write_text(START + text, encoding="utf-8")
        run(["compare", str(file), "--workers", "1", "--json", *arguments])
        return {way["way"]: way for way in json.loads(capsys.readouterr().out)["ways"]}

    return play


def test_what_happened_at_that_very_moment_came_before(compared) -> None:  # type: ignore[no-untyped-def]
    ways = compared("start B\nrun until stable\nmeasure from here\nrun for 20s\n")
    for way in ways.values():
        assert way["sound"]
        assert not any(way["metrics"]["g"].values())


def test_an_outage_of_one_topic_is_counted(compared) -> None:  # type: ignore[no-untyped-def]
    text = "start P\nrun until stable\nmeasure from here\nrestart P away 600s\nrun until stable\n"
    (way,) = compared(text, "--protocol", "eager").values()
    assert 6 * 599_000 < way["metrics"]["g"]["nobody alive, partition-ms"] < 6 * 600_000


def test_a_cost_that_is_still_to_come_is_no_cost_of_nothing(compared) -> None:  # type: ignore[no-untyped-def]
    (way,) = compared(
        "measure from here\nbusy C for 8m\nrun for 270s\n", "--protocol", "eager"
    ).values()
    (complaint,) = way["complaints"]
    assert "its cost is not known yet: C is Stable since" in complaint
    assert "is busy until" in complaint


def test_simulate_tells_one_set_of_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "story.txt"
    text = "measure from here\nbusy C for 8m\nclose A\nrun for 20s\n"
    file.write_text(START + text, encoding="utf-8")
    run(["simulate", str(file), "--width", "100"])
    out = capsys.readouterr().out
    (above,) = re.findall(r"unavailable ([\d,]+) partition-ms · moved ([\d,]+)\n", out)
    told = " ".join(out.split())
    below = re.search(r"unavailable, partition-ms ([\d,]+);.*partitions moved ([\d,]+);", told)
    assert below is not None
    assert above == below.groups()
    assert "measured from 6.0" in out
    assert "still to come: rebalance #2 is not over" in out


def test_a_file_that_expects_nothing_is_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "story.txt"
    file.write_text(START, encoding="utf-8")
    assert run(["simulate", str(file)]) == 0
    assert "Output not compared: the file expects none; --rewrite keeps" in capsys.readouterr().out
    assert run(["simulate", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["compared"], told["passed"]) == (False, True)
    file.write_text(f"{START}----\nsomething else\n", encoding="utf-8")
    assert run(["simulate", str(file)]) == 1
    file.write_text("topic t partitions=1\n", encoding="utf-8")
    assert run(["simulate", str(file)]) == 0
    said = capsys.readouterr().out
    assert "No time passed: expected" in said
    assert "Output" not in said


def test_json_has_the_headline_the_rebalances_and_the_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "story.txt"
    text = "measure from here\nbusy C for 8m\nrejoin A\nrun for 20s\n"
    file.write_text(START + text, encoding="utf-8")
    assert run(["simulate", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (group,) = told["groups"]
    assert group["headline"]["since_ms"] == told["measured_from_ms"] > 6_000
    assert group["headline"]["to_come"][:2] == [
        "rebalance #2 is not over",
        "C busy beyond max.poll.interval.ms",
    ]
    assert (
        group["headline"]["unavailable_partition_ms"]
        == told["metrics"]["g"]["unavailable, partition-ms"]
    )
    assert [entry["number"] for entry in group["rebalances"]] == [1, 2]
    assert "C is busy for 8m" in [step["text"] for step in group["steps"]]
