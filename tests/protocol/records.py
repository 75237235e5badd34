"""Records of `__consumer_offsets`, drawn."""

from __future__ import annotations

from hypothesis import strategies as st

from assignors.model import TopicPartition
from rebalance.protocol.records import (
    GroupMetadata,
    GroupMetadataMember,
    GroupMetadataValue,
    OffsetCommit,
    OffsetCommitValue,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
int32 = st.integers(-(2**31), 2**31 - 1)
int64 = st.integers(-(2**63), 2**63 - 1)
topic_ids = st.none() | st.binary(min_size=16, max_size=16).filter(any)
octets = st.binary(max_size=20)

offset_values = st.one_of(
    st.builds(
        OffsetCommitValue,
        offset=int64,
        leader_epoch=int32,
        metadata=texts,
        commit_timestamp_ms=int64,
        topic_id=topic_ids,
    ),
    st.builds(
        OffsetCommitValue,
        offset=int64,
        leader_epoch=st.just(-1),  # version 1, which alone has an expiry, has no leader epoch
        metadata=texts,
        commit_timestamp_ms=int64,
        expire_timestamp_ms=int64.filter(lambda expiry: expiry != -1),
    ),
)
offset_records = st.builds(
    OffsetCommit,
    group_id=texts,
    partition=st.builds(TopicPartition, texts, int32),
    value=st.none() | offset_values,
)
members = st.builds(
    GroupMetadataMember,
    member_id=texts,
    group_instance_id=st.none() | texts,
    client_id=texts,
    client_host=texts,
    session_timeout_ms=int32,
    rebalance_timeout_ms=int32,
    subscription=octets,
    assignment=octets,
)
group_records = st.builds(
    GroupMetadata,
    group_id=texts,
    value=st.none()
    | st.builds(
        GroupMetadataValue,
        protocol_type=texts,
        generation_id=int32,
        protocol_name=st.none() | texts,
        leader=st.none() | texts,
        current_state_timestamp_ms=int64,
        members=st.lists(members, max_size=4).map(tuple),
    ),
)
records = offset_records | group_records
