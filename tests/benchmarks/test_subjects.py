"""Every subject of the benchmark answers a small case with a valid plan, and says its times."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.assignors.cases import CASES
from benchmarks.assignors.handover import read_plan, write_case
from benchmarks.assignors.programs import FRANZ_GO, JAVA, PROGRAMS, SERVER, UnavailableError
from benchmarks.assignors.running import Outcome, memory, turn
from benchmarks.assignors.subject import SOFT
from benchmarks.assignors.verdicts import Judge
from tests.support.requirements import not_run, require

NEEDS = {
    JAVA: ("java", "javac", "mvn"),
    SERVER: ("java", "javac", "mvn"),
    FRANZ_GO: ("go",),
}


@pytest.mark.parametrize("title", PROGRAMS)
@pytest.mark.parametrize("name", ["small-leave", "ha-join"])
def test_a_subject_answers(title: str, name: str, tmp_path: Path) -> None:
    require(*NEEDS.get(title, ()), what="benchmark subjects of other languages")
    try:
        command = PROGRAMS[title].command()
    except UnavailableError as error:
        not_run("benchmark subjects of other languages", str(error))
    group = CASES[name].make()
    case, plan = tmp_path / "case", tmp_path / "plan"
    write_case(case, group)
    outcome = Outcome()
    words = [*command, str(case), str(plan), "0", "0.1"]
    turn(outcome, words, limit_s=120, tell=lambda _: None)
    assert (outcome.state, outcome.why) == ("done", "")
    assert len(outcome.first) == 1
    assert outcome.figures
    said = Judge(group).verdict(read_plan(plan, group))
    assert said.fault == ""
    if PROGRAMS[title].ours:
        if title != SOFT:
            assert (said.balanced, said.moves) == (True, said.least_moves)
        memory(outcome, command, case, limit_s=120)
        assert outcome.memory_kib[0] >= outcome.memory_kib[1]
