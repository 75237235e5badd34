"""One client's connection: frames in, one request at a time, answers out in order.

Kafka does not read on from a socket until the request from it is answered; so a parked JoinGroup
holds up its own connection and nobody else's. Whatever a peer sends that is not Kafka ends this
connection, says so at debug level, and touches nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from functools import partial

from rebalance.broker.apis import API_VERSIONS_KEY, APIS, unsupported
from rebalance.broker.call import Call
from rebalance.broker.errors import WireError
from rebalance.broker.handlers import load_handler
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message, load_wire

__all__ = ["serve"]

_log = logging.getLogger("rebalance.broker")

_SIZE = struct.Struct(">i")
_START = struct.Struct(">hhi")
"""How every request header begins: API key, version, correlation id."""


async def serve(
    state: BrokerState, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer requests until the peer goes, or sends what cannot be answered."""
    peer = writer.get_extra_info("peername")
    idle_seconds = state.config.connections_max_idle_ms / 1000
    grace_seconds = idle_seconds / 16
    clock = asyncio.get_running_loop().time
    try:
        # Also the end of a connection whose request nobody will ever answer (J17). A timer for
        # each request would cost as much as a heartbeat does; so it may be late by the grace.
        async with asyncio.timeout(idle_seconds + grace_seconds) as limit:
            rearm_at = clock() + grace_seconds
            while await _serve_one(state, reader, writer):
                if (now := clock()) > rearm_at:
                    limit.reschedule(now + idle_seconds + grace_seconds)
                    rearm_at = now + grace_seconds
    except TimeoutError:
        _log.debug("closed the connection from %s: idle", peer)
    except WireError as error:
        _log.debug("closed the connection from %s: %s", peer, error)
    except OSError as error:
        _log.debug("lost the connection from %s: %s", peer, error)
    except Exception:
        # Ours, not the peer's: the only case that deserves a traceback.
        _log.exception("a handler failed; closed the connection from %s", peer)


async def _serve_one(
    state: BrokerState, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Answer one request; False when the peer has gone."""
    frame = await _read_frame(reader, state.config.socket_request_max_bytes)
    if frame is None:
        return False
    answer, mute_ms = await _answer(state, frame, writer)
    if answer is not None:
        # Together: what is written while nothing waits is a system call of its own.
        writer.writelines((_SIZE.pack(len(answer)), answer))
        await writer.drain()
    if mute_ms:
        await asyncio.sleep(mute_ms / 1000)
    return True


async def _read_frame(reader: asyncio.StreamReader, max_bytes: int) -> bytes | None:
    """The next frame without its size, or None when the peer has gone."""
    try:
        (size,) = _SIZE.unpack(await reader.readexactly(_SIZE.size))
        if not _START.size <= size <= max_bytes:
            raise WireError(f"a frame of {size} bytes; allowed are {_START.size} to {max_bytes}")
        return await reader.readexactly(size)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise WireError("the connection ended inside a frame") from None
        return None


async def _answer(
    state: BrokerState, frame: bytes, writer: asyncio.StreamWriter
) -> tuple[bytearray | None, int]:
    """The whole response, header included, or None where nothing is answered.

    With it how many milliseconds this connection is muted: more than 0 only by a fault control.
    """
    key, version, correlation_id = _START.unpack_from(frame)
    api = APIS.get(key)
    if api is None:
        raise WireError(f"API key {key} is not served")
    if not api.oldest <= version <= api.newest:
        if key != API_VERSIONS_KEY:
            raise WireError(f"{api.name} version {version} is not served")
        # Its header at least must be one: that of the nearest version (A05).
        nearest = min(max(version, api.oldest), api.newest)
        load_wire(api.name, nearest).read_header(frame, 0)
        return _encode(correlation_id, key, 0, unsupported()), 0
    wire = load_wire(api.name, version)
    header, at = wire.read_header(frame, 0)
    body, _ = wire.read_request(frame, at)
    host, port = state.advertised or writer.get_extra_info("sockname")[:2]
    call = Call(
        version=version,
        body=body,
        client_id=header.get("client_id") or "",
        client_host=f"/{writer.get_extra_info('peername')[0]}",
        host=host,
        port=port,
    )
    mute_ms = 0
    handle = load_handler(key)
    if state.faults.are_none:
        response = await handle(state, call)
    else:
        answered = await state.faults.answer(
            state.node_id, key, correlation_id, call, partial(handle, state)
        )
        response, version, mute_ms = answered.message, answered.version, answered.mute_ms
    if response is None:
        return None, mute_ms
    return _encode(correlation_id, key, version, response), mute_ms


def _encode(correlation_id: int, key: int, version: int, response: Message) -> bytearray:
    wire = load_wire(APIS[key].name, version)
    out = bytearray(_SIZE.pack(correlation_id))
    if wire.flexible_response_header:
        out.append(0)
    wire.write_response(out, response)
    return out
