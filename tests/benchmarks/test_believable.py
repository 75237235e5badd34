"""The simulated deploy beside real clients: timetable, measure, table, and one real run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("confluent_kafka", reason="confluent-kafka is an extra")

from benchmarks.believable import real, report, simulated
from benchmarks.believable.comparison import FITTED_ON, WITHIN, Row, absences, compare, fit
from benchmarks.believable.deploy import SETUPS, TOPIC, Deploy
from benchmarks.believable.measured import SETS, Measured, Measurement, part_of
from benchmarks.believable.run import PARTS, Cost, Run
from benchmarks.believable.servers import EMBEDDED, running
from rebalance.simulation import Delay
from rebalance.timeline.trace import (
    Assigned,
    Header,
    Lost,
    MemberStarted,
    MemberStopped,
    Revoked,
    TopicKnown,
    Trace,
)

SMALL = Deploy(
    members=2,
    partitions=4,
    calm_ms=500,
    every_ms=800,
    away_ms=300,
    rest_ms=1_000,
    session_timeout_ms=3_000,
    after_ms=3_000,
)
QUICK = replace(SETUPS["aiokafka-500"], heartbeat_interval_ms=200)
DELAY = Delay(1, 3)


def owners_at_the_end(run: Run) -> Mapping[str, set[int]]:
    """Who owns something when the trace ends."""
    owned: dict[str, set[int]] = {}
    for event in run.trace.events:
        match event:
            case Assigned():
                owned.setdefault(event.member, set()).update(event.partitions.get(TOPIC, ()))
            case Revoked() | Lost():
                owned[event.member] -= set(event.partitions[TOPIC])
            case MemberStopped():
                owned.pop(event.member, None)
    return {member: partitions for member, partitions in owned.items() if partitions}


def measured(*values: int) -> Measurement:
    """The same runs in both sets of the setup that is fitted on."""
    made = Measurement(server="a broker", date="2026-11-30")
    for number, value in enumerate(values):
        cost = Cost(unavailable_partition_ms=value, rebalances=14)
        for name in SETS:
            made.add(FITTED_ON, name, Measured(part=part_of(number), graceful=cost, kill=cost))
    return made


def test_the_timetable() -> None:
    acts = [(act.at_ms, act.what, act.pod) for act in SMALL.acts()]
    assert acts == [
        (0, "close", "pod-1"),
        (300, "start", "pod-1-new"),
        (800, "close", "pod-2"),
        (1_100, "start", "pod-2-new"),
        (1_600, "start", "pod-more"),
        (2_400, "close", "pod-1-new"),
        (3_400, "kill", "pod-2-new"),
    ]
    assert (SMALL.kill_ms, SMALL.end_ms) == (3_400, 9_400)


def test_runs_meet_heartbeats_at_different_moments() -> None:
    parts = sorted(part_of(number) for number in range(5))
    assert len(set(parts)) == 5
    assert parts[0] >= 0
    assert parts[-1] < 1
    leads = {SMALL.lead_ms(QUICK, part) for part in (0, 0.5, 1)}
    assert leads == {500, 600, 700}


@pytest.mark.parametrize(
    ("setup", "rebalances"), [("aiokafka-500", 14), ("librdkafka-500", 21)], ids=str
)
def test_g02_each_step_is_a_rebalance_and_a_handover_one_more(setup: str, rebalances: int) -> None:
    """Six go and come, one more, one less; a cooperative newcomer gets its own in a second one."""
    run = simulated.play(Deploy(), SETUPS[setup], 1, 0.5, DELAY)
    assert run.cost("graceful", Deploy()).rebalances == rebalances
    assert run.cost("kill", Deploy()).rebalances == 1
    again = simulated.play(Deploy(), SETUPS[setup], 1, 0.5, DELAY)
    assert list(again.trace.lines()) == list(run.trace.lines())


def test_h06_a_killed_process_costs_its_session() -> None:
    deploy = Deploy()
    for setup in SETUPS.values():
        cost = simulated.play(deploy, setup, 1, 0.5, DELAY).cost("kill", deploy)
        least = 4 * (deploy.session_timeout_ms - setup.heartbeat_interval_ms)
        assert least <= cost.unavailable_partition_ms


def test_the_parts_of_a_run_are_measured_apart() -> None:
    deploy = Deploy(members=1, partitions=2, every_ms=100, rest_ms=100, session_timeout_ms=100)
    head = {"group_id": "g", "member": "a"}
    given = {TOPIC: (0, 1)}
    events = [
        TopicKnown(t=0, topic=TOPIC, partitions=2),
        MemberStarted(t=0, topics=(TOPIC,), **head),
        Assigned(t=100, partitions=given, **head),
        Revoked(t=1_050, partitions=given, **head),
        Assigned(t=1_060, partitions=given, **head),
        Revoked(t=1_300, partitions=given, **head),
        Assigned(t=1_330, partitions=given, **head),
    ]
    run = Run(
        trace=Trace(Header(source="by hand"), events),
        began_ms=1_000,
        rebalances_ms=(0, 1_050, 1_060, 1_300),
    )
    assert run.cost("graceful", deploy) == Cost(unavailable_partition_ms=20, rebalances=2)
    assert run.cost("kill", deploy) == Cost(unavailable_partition_ms=60, rebalances=1)


def test_what_was_measured_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = measured(8_000, 9_000)
    made.most_ms = 7
    made.save(tmp_path / "file")
    assert Measurement.read(tmp_path / "file") == made
    assert list(made.setups()) == [FITTED_ON]
    assert made.median(FITTED_ON, "judge", "kill") == 8_500


def test_the_frames_delay_is_fitted() -> None:
    deploy = Deploy()
    costs = {
        most_ms: simulated.play(deploy, SETUPS[FITTED_ON], 0, part_of(0), Delay(1, most_ms)).cost(
            "graceful", deploy
        )
        for most_ms in (3, 40)
    }
    slow, quick = (costs[each].unavailable_partition_ms for each in (40, 3))
    assert fit(measured(quick), deploy, (3, 40)) == 3
    assert fit(measured(slow), deploy, (3, 40)) == 40


def test_the_simulation_costs_what_real_clients_cost_on_apache_kafka() -> None:
    """What was measured is kept; a client profile that is no longer true shows here."""
    kept = Measurement.read()
    assert kept.server == "Apache Kafka 4.4.0"
    rows = compare(kept, Deploy(), seeds=1)
    assert {row.setup for row in rows} == set(SETUPS)
    assert {(row.setup, row.part): row.ratio for row in rows if abs(row.ratio - 1) > WITHIN} == {}


def test_the_table_and_its_place(tmp_path: Path) -> None:
    rows = compare(measured(10_000), Deploy(), seeds=3)
    assert [(row.setup, row.part) for row in rows] == [(FITTED_ON, part) for part in PARTS]
    assert len(rows[0].simulated) == 3
    text = report.table(measured(10_000), [rows[0], _row()])
    assert "| 10,000 (10,000 to 10,000) | 10,000 (10,000 to 10,000) |" in text
    assert "| 7 (1 x), 8 (2 x) | 8 |" in text
    assert _row().complaints == ()
    assert replace(_row(), simulated=(70,), simulated_rebalances=(7,)).complaints == (
        "aiokafka-3000, graceful: 0.70 of what was measured",
        "aiokafka-3000, graceful: 7 rebalances, measured 8",
    )
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- believable: begin -->\nold\n<!-- believable: end -->\nb\n")
    report.write(text, page)
    report.write(text, page)
    assert page.read_text() == (
        f"a\n<!-- believable: begin -->\n\n{text}\n<!-- believable: end -->\nb\n"
    )


def _row() -> Row:
    return Row(
        setup="aiokafka-3000",
        part="graceful",
        fitted=(1,),
        judged=(100,),
        simulated=(90,),
        rebalances=(8, 7, 8),
        simulated_rebalances=(8, 8),
    )


def test_processes_that_are_away_cost_more_than_those_replaced_at_once(tmp_path: Path) -> None:
    at_once, away = absences(measured(10_000), Deploy(), (0, 1_000))
    assert (at_once.away_ms, away.away_ms) == (0, 1_000)
    assert sum(at_once.costs) < sum(away.costs)
    assert max(at_once.rebalances) < min(away.rebalances)
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- away: begin -->\n<!-- away: end -->\nafter\n")
    report.write(report.absences([at_once, away]), page, away=True)
    said = page.read_text()
    assert "heartbeat 500 ms | not at all | " in said
    assert "heartbeat 500 ms | 1 s | " in said
    assert said.startswith("before\n")
    assert said.endswith("after\n")


def test_real_processes_end_where_the_simulated_ones_do() -> None:
    with running(EMBEDDED, SMALL.partitions) as server:
        there = real.play(server, SMALL, QUICK, "small", 0.5)
    here = simulated.play(SMALL, QUICK, 1, 0.5, DELAY)
    for run in (there, here):
        owners = owners_at_the_end(run)
        assert set(owners) == {"pod-more"}, run.trace.header.note
        assert owners["pod-more"] == set(range(SMALL.partitions))
        costs = [run.cost(part, SMALL) for part in PARTS]
        assert sum(cost.rebalances for cost in costs) > 0
        assert sum(cost.unavailable_partition_ms for cost in costs) > 0
