"""`rebalance assign`: what it prints, writes and refuses; in this process where it can be."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rebalance.group_file import load
from tests.cli.commands import Assign, complaint, loaded, rebalance

ROOT = Path(__file__).parents[2]
LEAVE = str(ROOT / "examples/groups/leave.yaml")
RACKS = str(ROOT / "examples/groups/racks.yaml")
WEIGHTS = str(ROOT / "examples/groups/weights.yaml")
CONFLICT = str(ROOT / "examples/groups/conflict.yaml")

# --- for people ----------------------------------------------------------------------------------


def test_one_assignor(assign: Assign) -> None:
    outcome = assign(LEAVE, "--width", "80")  # docs/assign.md has the whole of it
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    today = lines.index("  today: 20 of 24 subscribed partitions owned, 4 by nobody; 4 each")
    assert lines[today + 2 : today + 4] == ["plan of sticky", "  member       load  partitions"]
    assert "  reporting-1     4  orders 8-11" in lines
    assert "difference to today: 19 stay, 1 leaves its owner, 4 without an owner get one" in lines
    assert "imbalance             80     116       116" in lines
    assert "moves                  -       1       1 *" in lines
    assert lines[-1] == (
        "sticky: as balanced as the subscriptions allow, and no such plan moves less."
    )


def test_several_side_by_side(assign: Assign) -> None:
    out = assign(LEAVE, "--assignor", "range", "--assignor", "sticky", "--width", "80").out
    assert "  member       today     range    sticky" in out
    assert "  checkout-2       4  6  +2 " in out
    assert "quality            today   range  sticky  possible" in out
    assert "range: imbalance 2 above the least possible; no more moves than" in out
    assert "plan of" not in out
    assert "plan of range" in assign(LEAVE, *("--assignor", "range"), "--all").out


def test_nothing_moves(assign: Assign, tmp_path: Path) -> None:
    following = str(tmp_path / "next.yaml")
    assert assign(LEAVE, "--output", following).code == 0
    assert "difference to today: nothing moves\n" in assign(following).out


def test_racks_are_counted(assign: Assign) -> None:
    data = loaded(assign, RACKS, "--assignor", "range")
    quality = data["assignors"][0]["quality"]
    assert (quality["rack_misses"], quality["rack_known"]) == (1, 15)
    out = assign(RACKS, "--assignor", "range").out
    (row,) = [line for line in out.splitlines() if line.startswith("rack misses")]
    assert row.split() == ["rack", "misses", "-", "1", "of", "15"]


def test_optimized_gets_what_the_file_says(assign: Assign) -> None:
    sticky, optimized = loaded(assign, WEIGHTS)["assignors"]
    assert sticky["solution"] is None
    assert optimized["quality"]["movements"] <= 4
    assert optimized["quality"]["relative_loads"] == {"pod-1": 1, "pod-2": 1, "pod-large": 1}
    assert optimized["solution"]["proven"] is True
    assert optimized["solution"]["mismatched"] == []
    assert sum(optimized["solution"]["costs"].values()) == optimized["solution"]["objective"]
    zone_a = [optimized["rounds"][0]["plan"][member]["orders"] for member in ("pod-1", "pod-large")]
    assert 0 in zone_a[0] + zone_a[1]


def test_why_nothing_satisfies_the_constraints(
    assign: Assign, written: Callable[[str], str]
) -> None:
    file = written(
        "topics: {a: 20, b: 20}\nassignor: [optimized, sticky]\nmembers:\n"
        "  m1: {topics: [a, b], capacity: {max_partitions: 16}}\n"
        "  m2: {topics: [a, b], capacity: {max_partitions: 16}}\n"
    )
    outcome = assign(file, "--width", "120")
    assert outcome.code == 1
    assert "optimized FAILED: nothing satisfies the constraints\n" in outcome.out
    assert "have room for 32" in outcome.out
    assert "sticky: as balanced as" in outcome.out
    cause = loaded(assign, file, code=1)["assignors"][0]["causes"][0]
    assert (cause["need"], cause["room"], cause["members"]) == (40, 32, ["m1", "m2"])


def test_members_that_are_configured_otherwise(
    assign: Assign, written: Callable[[str], str]
) -> None:
    from base64 import b64encode

    from assignors.optimized.member_data import MemberData, encode

    said = b64encode(encode(MemberData(fingerprint="12" * 8))).decode()
    file = written(
        "topics: {a: 2}\nassignor: optimized\nmembers:\n  m1: {topics: [a]}\n"
        f'  m2: {{topics: [a], capacity: 3, user_data: "base64:{said}"}}\n'
    )
    assert "configured otherwise than the leader: m2\n" in assign(file).out


@pytest.mark.parametrize("name", ["optimized", "cooperative-optimized"])
def test_the_group_after_optimized_goes_on(assign: Assign, tmp_path: Path, name: str) -> None:
    path = str(tmp_path / "next.yaml")
    assert assign(WEIGHTS, "--assignor", name, "--rounds", "--output", path).code == 0
    group = load(Path(path).read_text(), "next.yaml")
    assert group.capacity == {"pod-large": 2}
    assert {each.user_data for each in group.members.values()} == {b""}
    assert "difference to today: nothing moves\n" in assign(path, "--assignor", name).out


def test_the_first_round_of_a_cooperative_assignor(assign: Assign) -> None:
    out = assign(CONFLICT).out
    assert "claimed by several: payments 3-6: the newest generation owns them" in out
    assert "plan of cooperative-sticky, round 1 of 2" in out
    assert "withheld until revoked: 6 partitions\n    payments 3-8\n" in out
    assert "1 more round to go: --rounds shows them" in out
    assert "round 2 of 2" not in out


def test_every_round_of_a_cooperative_assignor(assign: Assign) -> None:
    out = assign(CONFLICT, "--rounds").out
    assert "difference to today: 3 stay, 6 leave their owner" in out
    assert "plan of cooperative-sticky, round 2 of 2" in out
    assert "difference to round 1: 3 stay, 6 without an owner get one" in out
    assert "to go" not in out


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("file", [LEAVE, CONFLICT, RACKS, WEIGHTS])
def test_it_fits_the_terminal(assign: Assign, file: str, width: int) -> None:
    names = ("range", "roundrobin", "sticky", "cooperative-sticky")
    several = [part for name in names for part in ("--assignor", name)]
    for arguments in ([], several, ["--rounds", "--all"]):
        out = assign(file, "--width", str(width), *arguments).out.splitlines()
        assert [line for line in out[1:] if len(line) > width] == []


def test_a_long_name_leaves_the_first_line_to_itself(
    assign: Assign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "60")
    lines = assign("examples/groups/leave.yaml").out.splitlines()
    assert lines[:2] == [
        "examples/groups/leave.yaml:",
        "  5 members, 3 topics, 24 partitions, generation 7",
    ]
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize(
    "text", ["topics: {a: 3}\nmembers: {}", "topics: {}\nmembers: {m: {topics: []}}"]
)
def test_optimized_with_nothing_to_assign(
    assign: Assign, written: Callable[[str], str], text: str
) -> None:
    out = assign(written(text), "--assignor", "optimized").out
    assert out.endswith("\n  there is nothing to assign\n")


# --- large groups --------------------------------------------------------------------------------


def large(members: int) -> str:
    lines = [
        f"  consumer-shop-{number:04}-{'0f' * 16}: {{topics: [a, b], owned: {{a: {number}}}}}"
        for number in range(members)
    ]
    return "\n".join(["topics: {a: 500, b: 700}", "members:", *lines])


def test_a_large_group_is_summarised(assign: Assign, written: Callable[[str], str]) -> None:
    file = written(large(100))
    lines = assign(file, "--width", "80").out.splitlines()
    assert len(lines) < 60
    assert max(map(len, lines[1:])) <= 80
    assert "  ... 88 more members with 12 each: --all shows them" in lines
    assert "  ... 94 more members with fewer changes: --all shows them" in lines
    assert "..." not in assign(file, "--all").out.replace(".yaml", "").split("quality")[0]


def test_long_ids_stay_distinct(assign: Assign, written: Callable[[str], str]) -> None:
    out = assign(written(large(12)), "--width", "80").out
    plan = out.split("partitions\n")[1].split("\n\n")[0]
    assert len({line.split()[0] for line in plan.splitlines() if line[2] != " "}) == 12


def test_a_large_group_side_by_side(assign: Assign, written: Callable[[str], str]) -> None:
    file = written(large(40))
    out = assign(file, "--assignor", "range", "--assignor", "sticky").out
    assert "  ... 28 more members: --all shows them" in out


# --- odd groups ----------------------------------------------------------------------------------

ODD = """
topics: {a: 3, lonely: 4, empty: 0}
members:
  m1: {topics: [a, gone], owned: {a: 0-5, lonely: 1, gone: 2}, generation: 3}
  m2: {topics: [empty], owned: {a: [1, 2]}, generation: 3, user_data: "base64://///wA="}
  m3: {topics: []}
  "evil\\e[31m": {topics: [a]}
"""


def test_what_is_odd_is_told(assign: Assign, written: Callable[[str], str]) -> None:
    out = assign(written(ODD), "--width", "120").out
    for note in (
        "gone: there is no such topic, but m1 subscribed to it",
        "lonely: nobody subscribes to it, so its 4 partitions have no owner",
        "empty: has no partitions",
        "subscribed to nothing: m3",
        "claimed by several: a 1-2: in one generation, so nobody owns them",
        "m1 claims a 3-5; gone 2; lonely 1: no such partition, or no subscriber to it",
    ):
        assert f"  note: {note}\n" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("assignor", ["range", "roundrobin", "sticky", "cooperative-sticky"])
@pytest.mark.parametrize(
    "text",
    [
        "topics: {}\nmembers: {}",
        "topics: {a: 3}\nmembers: {}",
        "topics: {}\nmembers: {m: {topics: [a]}}",
        "topics: {a: 0}\nmembers: {m: {topics: [a]}}",
        ODD,
    ],
)
def test_next_to_nothing_is_answered(
    assign: Assign, written: Callable[[str], str], text: str, assignor: str
) -> None:
    outcome = assign(written(text), "--assignor", assignor)
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize(
    ("sections", "note"),
    [
        ("objective: {rack: 1}\nconstraints: {max_moves: 4}", "objective and constraints: none of"),
        (
            "weights: {a: 3}\nassignor: [range, sticky]",
            "weights: none of these assignors reads them",
        ),
        ("objective: {rack: 1}", "objective: none of these assignors reads it"),
    ],
)
def test_what_nobody_reads_is_told(
    assign: Assign, written: Callable[[str], str], sections: str, note: str
) -> None:
    file = written(f"topics: {{a: 3}}\nmembers: {{m: {{topics: [a]}}}}\n{sections}\n")
    assert f"  note: {note}" in assign(file).out
    (told,) = loaded(assign, file)["group"]["notes"]
    assert told.startswith(note)
    assert "none of" not in assign(file, "--assignor", "optimized", "--assignor", "range").out


def test_claims_in_user_data_count(assign: Assign, written: Callable[[str], str]) -> None:
    from base64 import b64encode

    from assignors.codec import encode_sticky_user_data
    from assignors.model import PartitionSet

    said = encode_sticky_user_data(PartitionSet({"a": [1, 2]}), 7)
    text = (
        f"topics: {{a: 4}}\nmembers:\n  m1: {{topics: [a]}}\n"
        f'  m2: {{topics: [a], user_data: "base64:{b64encode(said).decode()}"}}\n'
    )
    data = loaded(assign, written(text), "--assignor", "range")
    assert data["group"]["generation_id"] == 7
    assert data["today"] == {"m1": {}, "m2": {"a": [1, 2]}}
    assert data["assignors"][0]["quality"]["movements"] == 1


# --- for programs --------------------------------------------------------------------------------


def test_json_has_everything_in_a_fixed_order(assign: Assign) -> None:
    data = loaded(assign, CONFLICT)
    assert list(data) == ["input", "group", "today", "possible", "assignors"]
    assert data["possible"] == {"imbalance": 21, "moves": 4, "moves_proven": True}
    (told,) = data["assignors"]
    assert list(told) == [
        *("assignor", "name", "protocol", "ok", "error", "causes"),
        *("rounds", "difference", "quality", "solution"),
    ]
    assert (told["ok"], told["protocol"], told["error"]) == (True, "cooperative", None)
    first, second = told["rounds"]
    assert first["withheld"] == {"payments": [3, 4, 5, 6, 7, 8]}
    assert second["withheld"] == {}
    assert second["plan"]["worker-1"] == {"payments": [0, 1, 2]}
    assert told["difference"]["moved"] == 4
    assert {
        "from": "worker-1",
        "to": "worker-2",
        "partitions": {"payments": [3, 4]},
    } in told["difference"]["hands"]
    assert told["quality"]["imbalance"] == told["quality"]["least_imbalance"] == 21


def test_json_keeps_ids_on_one_line(assign: Assign) -> None:
    assert '"payments": [3, 4, 5, 6, 7, 8]\n' in assign(CONFLICT, "--json").out


def test_json_is_the_same_again(assign: Assign) -> None:
    assert assign(LEAVE, "--json").out == assign(LEAVE, "--json").out


# --- going on from it ----------------------------------------------------------------------------


def test_the_group_afterwards(assign: Assign, tmp_path: Path) -> None:
    following = tmp_path / "next.yaml"
    plan = loaded(assign, LEAVE, "--output", str(following))["assignors"][0]["rounds"][0]["plan"]
    group = load(following.read_text(), "next.yaml")
    assert {m: each.generation_id for m, each in group.members.items()} == dict.fromkeys(plan, 8)
    owned = {
        member: {topic: ids.tolist() for topic, ids in each.owned.by_topic.items()}
        for member, each in group.members.items()
    }
    assert owned == plan
    assert group.assignors == ("sticky",)


def test_a_cooperative_group_goes_on_round_by_round(assign: Assign, tmp_path: Path) -> None:
    first, second, at_once = (str(tmp_path / name) for name in ("1.yaml", "2.yaml", "all.yaml"))
    assign(CONFLICT, "--output", first)
    assign(first, "--output", second)
    assign(CONFLICT, "--rounds", "--output", at_once)
    assert Path(second).read_text() == Path(at_once).read_text()
    assert "round 1 of 1" in assign(second).out


def test_one_plan_only_can_be_followed(tmp_path: Path) -> None:
    path = str(tmp_path / "next.yaml")
    line = complaint(
        rebalance(
            "assign", LEAVE, *("--assignor", "range"), *("--assignor", "sticky"), "--output", path
        )
    )
    assert "one plan can be followed, not those of range, sticky" in line


# --- used wrongly --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such.yaml"], "no-such.yaml: No such file or directory; give the path of a group"),
        ([str(ROOT)], "Is a directory"),
        ([LEAVE, "--assignor", "stikcy"], "--assignor stikcy: no assignor is called 'stikcy'"),
        ([LEAVE, "--assignor", "sticky", "--assignor", "sticky"], "named twice"),
        ([LEAVE, "--output", "no/such/directory/g.yaml"], "--output no/such/directory/g.yaml"),
        ([LEAVE, "--output", "."], "--output .: not a file"),
        ([LEAVE, "--width", "12"], "--width"),
    ],
)
def test_wrong_use_is_one_line(assign: Assign, arguments: list[str], words: str) -> None:
    outcome = assign(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == 1
    assert words in outcome.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("topics: {a: 1}\nmembers: {m: {topcs: [a]}}", ":2: members.m.topcs: unknown: did you"),
        (
            "topics: {a: 1}\nmembers: {}\nassignor: optimized\nobjective: {balance: -1}",
            ":4: objective.balance: the objective's balance is -1",
        ),
        (
            "topics: {a: 1}\nmembers: {}\nassignor: optimized\nweights: {a: 1}\n"
            "objective: {weights: {a: 1}}",
            ":5: objective.weights: also at the top: give them once",
        ),
        (
            "topics: {a: 1}\nassignor: optimized\nconstraints: {pins: ["
            "{what: {topic: a, partitions: [0]}, who: m1}, {what: {topic: a}, who: m2}]}\n"
            "members: {m1: {topics: [a]}}",
            ":3: constraints.pins[1]: partition 0 of 'a' is pinned twice",
        ),
        (
            "topics: {a: 1}\nassignor: optimized\n"
            "members: {m1: {topics: [a], capacity: {share: 0}}}",
            ":3: members.m1.capacity.share: a capacity's share is 0",
        ),
        ("topics: {a: 1}\nmembers: {}\nassignor: nope", ": assignor nope: no assignor is called"),
        ("topics: {a: 1}\nmembers: {}\nweights: {a: -1}", ":3: weights.a: -1: give a weight"),
    ],
)
def test_a_bad_file_is_one_line(
    assign: Assign, written: Callable[[str], str], text: str, words: str
) -> None:
    outcome = assign(written(text))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert f"group.yaml{words}" in outcome.err


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_bytes(b"\xff\xfe\x00")
    assert "not a text in UTF-8" in complaint(rebalance("assign", str(tmp_path / "g.yaml")))


def test_stdin(assign: Assign, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '{"topics": {"a": 2}, "members": {"m": {"topics": ["a"]}}}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    outcome = assign("-")
    assert outcome.code == 0
    assert outcome.out.startswith("stdin: 1 member, 1 topic, 2 partitions, no generation yet\n")


def test_an_output_that_knows_ascii_only(
    written: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    file = written("topics: {ä: 2}\nmembers: {ö: {topics: [ä]}}")
    out = rebalance("assign", file).out
    assert out.isascii()
    assert "2  \\xe4 0-1\n" in out
    told = json.loads(rebalance("assign", file, "--json").out)
    assert told["assignors"][0]["rounds"][0]["plan"] == {"ö": {"ä": [0, 1]}}


def test_a_plain_group_does_without_the_optimizer() -> None:
    script = (
        "import sys\n"
        "from rebalance.cli.main import run\n"
        f"assert run(['assign', {LEAVE!r}, '--assignor', 'sticky', '--assignor', 'range']) == 0\n"
        "sys.exit('assignors.optimized' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_whole_way_as_a_process() -> None:
    outcome = rebalance("assign", "examples/groups/leave.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("examples/groups/leave.yaml: 5 members, 3 topics, 24 partitions")
