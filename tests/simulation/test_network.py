"""Connections: in order, one request at a time at the broker, cut on both ends."""

from rebalance.member.events import Destination
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    Request,
)
from rebalance.protocol.responses import FindCoordinatorResponse, Response
from rebalance.simulation.lines import Lines
from rebalance.simulation.network import Connection, Delay, api_name
from rebalance.simulation.world import World


class Broker:
    """Answers what it is told to, and remembers."""

    def __init__(self) -> None:
        self.received: list[tuple[Connection, int, Request]] = []
        self.gone: list[Connection] = []
        self.answers = True

    def receive(self, connection: Connection, number: int, request: Request) -> None:
        self.received.append((connection, number, request))
        if self.answers:
            connection.reply(number, FindCoordinatorResponse(node_id=number))

    def closed(self, connection: Connection) -> None:
        self.gone.append(connection)


def find(group_id: str) -> FindCoordinatorRequest:
    return FindCoordinatorRequest(group_id=group_id)


def join() -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id="g",
        session_timeout_ms=1,
        rebalance_timeout_ms=1,
        member_id="",
        protocol_type="consumer",
        protocols=(),
    )


def test_frames_arrive_in_order_whatever_their_delays() -> None:
    for seed in range(20):
        world, broker, answers = World(seed), Broker(), list[Response | None]()
        line = Connection(world, broker, lambda: Delay(1, 50))
        for number in range(10):
            world.at(number, line.send, find(str(number)), answers.append)
        world.run(10_000)
        assert [number for _, number, _ in broker.received] == list(range(10))
        assert answers == [FindCoordinatorResponse(node_id=number) for number in range(10)]


def test_broker_takes_one_request_at_a_time_from_a_connection() -> None:
    world, broker, answers = World(), Broker(), list[Response | None]()
    broker.answers = False
    line = Connection(world, broker, lambda: Delay(1, 1))
    line.send(join(), answers.append)
    line.send(HeartbeatRequest(group_id="g", generation_id=1, member_id="m"), answers.append)
    world.run(100)
    assert [api_name(request) for _, _, request in broker.received] == ["JoinGroup"]
    assert line.awaits(JoinGroupRequest)
    line.reply(0, FindCoordinatorResponse())
    world.run(200)
    assert [api_name(request) for _, _, request in broker.received] == ["JoinGroup", "Heartbeat"]
    assert not line.awaits(JoinGroupRequest)


def test_cut_tells_both_ends_once() -> None:
    world, broker, answers = World(), Broker(), list[Response | None]()
    broker.answers = False
    line = Connection(world, broker, lambda: Delay(1, 1))
    line.send(find("a"), answers.append)
    world.run(10)
    line.send(find("b"), answers.append)
    line.cut()
    line.cut()
    line.reply(0, FindCoordinatorResponse())
    world.run(20)
    assert answers == [None, None]
    assert broker.gone == [line]
    assert len(broker.received) == 1


def test_lost_frames_are_never_heard_of() -> None:
    world, broker, answers = World(), Broker(), list[Response | None]()
    lines = Lines(lambda: Connection(world, broker, lambda: Delay(1, 1)), {"FindCoordinator": 1})
    for group_id in ("through", "lost", "lost too"):
        assert lines.send(Destination.ANY, find(group_id), answers.append)
    lines.deliver("FindCoordinator")
    lines.send(Destination.ANY, find("through again"), answers.append)
    world.run(100)
    assert [request for _, _, request in broker.received] == [
        find("through"),
        find("through again"),
    ]
    assert len(answers) == 2


def test_who_joins_again_has_given_up_the_old_connection() -> None:
    world, broker, answers = World(), Broker(), list[Response | None]()
    broker.answers = False
    lines = Lines(lambda: Connection(world, broker, lambda: Delay(1, 1)), {})
    lines.send(Destination.COORDINATOR, join(), answers.append)
    world.run(10)
    lines.send(Destination.COORDINATOR, join(), answers.append)
    world.run(20)
    first, second = (connection for connection, _, _ in broker.received)
    assert first is not second
    assert broker.gone == [first]


def test_nothing_is_sent_while_the_broker_is_out_of_reach() -> None:
    world, broker = World(), Broker()
    lines = Lines(lambda: Connection(world, broker, lambda: Delay(1, 1)), {})
    lines.down = True
    assert not lines.send(Destination.ANY, find("g"), lambda response: None)
    lines.mend()
    answers = list[Response | None]()
    assert lines.send(Destination.ANY, find("g"), answers.append)
    world.run(10)
    assert answers == [FindCoordinatorResponse(node_id=0)]
