"""Help, and every way to use the command wrongly: one line, exit code 2, no traceback."""

import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.commands import COMMAND, complaint, rebalance

SCENARIO = "# G01 a typo\n\ntopic orders partitions=2\n\nstrat A\n"


def test_help_names_every_command() -> None:
    outcome = rebalance("--help")
    assert outcome.code == 0
    for command in ("assign", "check", "demo", "explore", "simulate", "serve", "timeline"):
        assert command in outcome.out


@pytest.mark.parametrize(
    "command", ["assign", "check", "demo", "explore", "simulate", "serve", "timeline"]
)
def test_help_of_each_command_shows_an_example(command: str) -> None:
    outcome = rebalance(command, "--help")
    assert outcome.code == 0
    assert f"rebalance {command}" in outcome.out
    assert "Example" in outcome.out


def test_help_of_a_number_says_its_bounds() -> None:
    assert "[60 to 300]" in " ".join(rebalance("assign", "--help").out.replace("│", " ").split())


def test_its_version_is_the_packages() -> None:
    outcome = rebalance("--version")
    assert (outcome.code, outcome.out) == (0, f"kafka-rebalance {version('kafka-rebalance')}\n")


def test_the_package_is_the_command() -> None:
    command = [sys.executable, "-m", "rebalance", "simulate", "no-such-file.txt"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("rebalance: error: no-such-file.txt: ")


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_who_has_read_enough_is_no_failure(more: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        command = [*COMMAND, "simulate", "--members", "1", *more]
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from rebalance.cli.main import run\n"
        "assert run(['--help']) == 0\n"
        "heavy = {'numpy', 'aiokafka', 'kio', 'ortools', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(','.join(sorted(heavy)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dmeo"], ["dmeo", "--help"]),
        (["demo", "--membres", "3"], ["--membres"]),
        (["demo", "--members", "1"], ["--members", "2"]),
        (["demo", "--assignor", "rnage"], ["rnage", "range", "sticky"]),
        (["demo", "--assignor", "no_such_module:Thing"], ["no_such_module"]),
        (["demo", "--assignor", "pathlib:Path"], ["pathlib:Path"]),
        (["demo", "--assignor", "assignors.range:Nothing"], ["Nothing"]),
        (["demo", "--client-config", "x.properties"], ["x.properties"]),
        (["demo", "--trace", "no/such/directory/t.jsonl"], ["no/such/directory"]),
        (["simulate", "no-such-file.txt"], ["no-such-file.txt"]),
        (["simulate", "a.txt", "--color", "blue"], ["--color", "blue"]),
        (["timeline", "no-such-file.jsonl"], ["no-such-file.jsonl"]),
        (["timeline", "x.jsonl", "--width", "59"], ["--width 59: give 60 to 300"]),
        (["simulate", "x.txt", "--width", "301"], ["--width 301: give 60 to 300"]),
        (["fuzz", "--seconds", "0"], ["--seconds 0.0: give 0.1 or more"]),
        (["serve", "--set", "group.initial.rebalance.delay.ms"], ["KEY=VALUE"]),
        (["serve", "--set", "no.such.property=1"], ["no.such.property", "num.partitions"]),
        (["serve", "--set", "num.partitions=many"], ["num.partitions", "many"]),
        (["serve", "--config", "no-such.properties"], ["no-such.properties"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use_is_one_line(arguments: list[str], words: list[str]) -> None:
    line = complaint(rebalance(*arguments))
    for word in words:
        assert word in line


def test_without_a_command_it_shows_its_help() -> None:
    outcome = rebalance()
    assert outcome.code == 2
    assert "simulate" in outcome.out + outcome.err
    assert "error" not in outcome.err


def test_a_wrong_option_points_to_the_help_of_its_command() -> None:
    assert "`rebalance demo --help`" in complaint(rebalance("demo", "--membres", "3"))


def test_an_error_on_a_terminal_is_broken_between_words() -> None:
    reading, writing = os.openpty()
    with open(reading, encoding="utf-8") as terminal:
        process = subprocess.Popen(
            [*COMMAND, "assign", "no-such-directory/no-such-group.yaml"],
            env={**os.environ, "COLUMNS": "60"},
            stderr=writing,
        )
        os.close(writing)
        assert [terminal.readline() for _ in range(2)] == [
            "rebalance: error: no-such-directory/no-such-group.yaml: No\n",
            "  such file or directory; give the path of a group file\n",
        ]
        assert process.wait() == 2


def test_a_cooperative_only_assignor_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "only.py").write_text(
        "from assignors import Cooperative, RangeAssignor, RebalanceProtocol\n"
        "class Only(Cooperative):\n"
        "    protocols = (RebalanceProtocol.COOPERATIVE,)\n"
        "    def __init__(self): super().__init__(RangeAssignor())\n"
    )
    line = complaint(rebalance("demo", "--assignor", "only:Only", path=tmp_path))
    assert "cooperative protocol only" in line


def test_modules_beside_the_user_are_found(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("class Nameless: pass\n")
    done = subprocess.run(
        [Path(sys.executable).parent / "rebalance", "demo", "--assignor", "beside:Nameless"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "needs a name" in done.stderr


def test_an_unknown_assignor_lists_what_is_known() -> None:
    line = complaint(rebalance("demo", "--assignor", "rnage"))
    for known in ("range", "roundrobin", "sticky", "cooperative-sticky"):
        assert known in line


def test_a_typo_in_a_scenario_names_file_line_and_what_was_expected(tmp_path: Path) -> None:
    file = tmp_path / "typo.txt"
    file.write_text(SCENARIO)
    line = complaint(rebalance("simulate", str(file)))
    assert f"{file}:5" in line
    assert "strat" in line


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("seed x", "a whole number"),
        ("topic orders partitions=many", "a whole number"),
        ('topic "orders partitions=2', "a closing quotation"),
        ("run for soon", "a duration"),
    ],
)
def test_a_scenario_says_what_was_expected(tmp_path: Path, wrong: str, expected: str) -> None:
    file = tmp_path / "wrong.txt"
    file.write_text(f"# G01\n\n{wrong}\n")
    line = complaint(rebalance("simulate", str(file)))
    assert f"{file}:3" in line
    assert expected in line


def test_a_picture_can_do_without_unicode() -> None:
    file = "tests/testdata/scenarios/crash.txt"
    outcome = rebalance("simulate", file, "--ascii", "--width", "80")
    assert outcome.code == 0
    assert outcome.out.isascii()


@pytest.mark.parametrize("option", [["--assignor", "rnage"], ["--protocol", "eagre"]])
def test_simulate_refuses_what_it_does_not_know(tmp_path: Path, option: list[str]) -> None:
    file = tmp_path / "empty.txt"
    file.write_text("# G01\n\ntopic orders partitions=2\n")
    assert option[1] in complaint(rebalance("simulate", str(file), *option))


def test_a_file_that_is_no_trace_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello\n")
    assert f"{file}:1" in complaint(rebalance("timeline", str(file)))


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = complaint(rebalance("serve", "--port", str(port)))
    assert str(port) in line
    assert "in use" in line


def test_an_address_nobody_listens_on_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        # Bound and not listening: a connection is refused, and nobody else gets the port.
        line = complaint(rebalance("demo", "--bootstrap-server", address))
    assert address in line


def test_an_address_that_never_answers_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        line = complaint(rebalance("demo", "--bootstrap-server", address, timeout_s=30))
    assert address in line
    assert "no answer" in line


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:abc", "127.0.0.1:99999", "a:1,b"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    line = complaint(rebalance("demo", "--bootstrap-server", address))
    assert address in line
    assert "HOST:PORT" in line


def test_a_client_config_with_an_unknown_property_lists_the_known(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("security.protocl=SSL\n")
    arguments = ["--bootstrap-server", "127.0.0.1:1", "--client-config", str(file)]
    line = complaint(rebalance("demo", *arguments))
    assert "security.protocl" in line
    assert "security.protocol" in line
