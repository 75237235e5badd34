"""The parsing of the coordinator's log, on lines Apache Kafka 4.4.0 wrote."""

import pytest

from rebalance.testing.apache_kafka import PreparedRebalance, prepared_rebalances

LINE = (
    "2026-11-23T06:22:42.096Z INFO GroupMetadataManager [GroupCoordinator id=1 "
    "topic=__consumer_offsets partition=0] Preparing to rebalance group {group} in state "
    "PreparingRebalance with old generation {generation} (reason: {reason}).\n"
)
OTHER_LINES = (
    "Formatting metadata directory /tmp/x/data with metadata.version 4.4-IV2.\n"
    "2026-11-23T06:22:42.100Z INFO GroupMetadataManager [GroupCoordinator id=1 "
    "topic=__consumer_offsets partition=0] Stabilized group g1 generation 1 with 1 members.\n"
)


@pytest.mark.parametrize(
    ("written", "reason", "client_reason"),
    [
        (
            "Adding new member a-1 with group instance id null; client reason: not provided",
            "Adding new member a-1 with group instance id null",
            None,
        ),
        (
            "Leader a-1 re-joining group during Stable; client reason: cached metadata (changed).",
            "Leader a-1 re-joining group during Stable",
            "cached metadata (changed).",
        ),
        (
            "explicit `LeaveGroup` request for (a-1, a-2) members.",
            "explicit `LeaveGroup` request for (a-1, a-2) members.",
            None,
        ),
    ],
)
def test_a_line_is_a_record(written: str, reason: str, client_reason: str | None) -> None:
    text = OTHER_LINES + LINE.format(group="a group in state x", generation=3, reason=written)
    assert prepared_rebalances(text) == [
        PreparedRebalance(
            t_ms=1_795_414_962_096,
            group_id="a group in state x",
            old_generation_id=3,
            reason=reason,
            client_reason=client_reason,
        )
    ]


def test_the_records_of_one_group() -> None:
    text = "".join(
        LINE.format(group=group, generation=generation, reason="-")
        for generation, group in enumerate(["g1", "g2", "g1"])
    )
    found = prepared_rebalances(text, "g1")
    assert [record.old_generation_id for record in found] == [0, 2]
