"""Connections: in order, one request at a time at the broker, cut on both ends."""

import pytest

from rebalance.member.events import Destination
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    Request,
)
from rebalance.protocol.responses import FindCoordinatorResponse, Response
from rebalance.simulation.lines import Lines
from rebalance.simulation.network import Connection, api_name
from rebalance.simulation.path import Delay, Path
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


def path(least_ms: int = 1, most_ms: int = 1) -> Path:
    return Path(usual_delay=lambda: Delay(least_ms, most_ms))


class Cluster:
    """Brokers that listen, or not."""

    def __init__(self, world: World, **brokers: Broker | None) -> None:
        self.world = world
        self.brokers = dict(enumerate(brokers.values(), 1))

    @property
    def addresses(self) -> tuple[int, ...]:
        return tuple(self.brokers)

    def connect(self, node_id: int, path: Path) -> Connection | None:
        broker = self.brokers[node_id]
        return None if broker is None else Connection(self.world, broker, path)


def lines_to(world: World, broker: Broker, **lost: int) -> Lines:
    return Lines(Cluster(world, broker=broker), lambda: Delay(1, 1), lost, {})


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
        line = Connection(world, broker, path(1, 50))
        for number in range(10):
            world.at(number, line.send, find(str(number)), answers.append)
        world.run(10_000)
        assert [number for _, number, _ in broker.received] == list(range(10))
        assert answers == [FindCoordinatorResponse(node_id=number) for number in range(10)]


def test_broker_takes_one_request_at_a_time_from_a_connection() -> None:
    world, broker, answers = World(), Broker(), list[Response | None]()
    broker.answers = False
    line = Connection(world, broker, path())
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
    line = Connection(world, broker, path())
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
    lines = lines_to(world, broker, FindCoordinator=2)
    for group_id in ("through", "through too", "lost"):
        assert lines.send(Destination.ANY, -1, find(group_id), answers.append)
        world.run(world.now + 10)
    assert len(answers) == 2
    lines.lost_requests.end("FindCoordinator")
    lines.send(Destination.ANY, -1, find("through again"), answers.append)
    world.run(100)
    assert [request for _, _, request in broker.received] == [
        find("through"),
        find("through too"),
        find("through again"),
    ]
    assert answers[2] is None  # it gave that one up, and its connection with it
    assert len(answers) == 4


def test_who_joins_again_has_given_up_the_old_connection() -> None:
    world, broker, answers = World(), Broker(), list[Response | None]()
    broker.answers = False
    lines = lines_to(world, broker)
    lines.send(Destination.COORDINATOR, 1, join(), answers.append)
    world.run(10)
    lines.send(Destination.COORDINATOR, 1, join(), answers.append)
    world.run(20)
    first, second = (connection for connection, _, _ in broker.received)
    assert first is not second
    assert broker.gone == [first]


def test_nothing_is_sent_while_the_broker_is_out_of_reach() -> None:
    world, broker = World(), Broker()
    lines = lines_to(world, broker)
    lines.outages.begin(None)
    assert not lines.send(Destination.ANY, -1, find("g"), lambda response: None)
    lines.mend()
    answers = list[Response | None]()
    assert lines.send(Destination.ANY, -1, find("g"), answers.append)
    world.run(10)
    assert answers == [FindCoordinatorResponse(node_id=0)]


def test_lost_answer_had_its_effect() -> None:
    world, broker, answers = World(), Broker(), list[Response | None]()
    way = path()
    way.lost_answers.begin("FindCoordinator", 1)
    line = Connection(world, broker, way)
    for group_id in ("a", "b", "c"):
        line.send(find(group_id), answers.append)
    world.run(100)
    assert [request for _, _, request in broker.received] == [find("a"), find("b"), find("c")]
    assert len(answers) == 1


@pytest.mark.parametrize(("requests", "answers"), [(True, False), (False, True), (True, True)])
def test_what_a_blocked_path_holds_up_arrives_late_and_in_order(
    requests: bool, answers: bool
) -> None:
    world, broker, heard = World(), Broker(), list[Response | None]()
    way = path(1, 5)
    line = Connection(world, broker, way)
    way.block(requests=requests, answers=answers)
    for number in range(4):
        world.at(number, line.send, find(str(number)), heard.append)
    world.run(1000)
    assert len(broker.received) == (0 if requests else 4)
    assert heard == []
    way.unblock()
    world.run(1005)
    assert [number for _, number, _ in broker.received] == [0, 1, 2, 3]
    world.run(1010)
    assert heard == [FindCoordinatorResponse(node_id=number) for number in range(4)]


def test_what_waits_on_a_cut_connection_never_arrives() -> None:
    world, broker, heard = World(), Broker(), list[Response | None]()
    way = path()
    line = Connection(world, broker, way)
    way.block(requests=True, answers=False)
    line.send(find("a"), heard.append)
    world.run(10)
    line.cut()
    way.unblock()
    world.run(20)
    assert heard == [None]
    assert broker.received == []


def test_frames_of_two_connections_overtake_each_other() -> None:
    overtaken = 0
    for seed in range(20):
        world, broker = World(seed), Broker()
        lines = [Connection(world, broker, path(1, 50)) for _ in range(2)]
        for line, group_id in zip(lines, ("first", "second"), strict=True):
            line.send(find(group_id), lambda response: None)
        world.run(100)
        overtaken += broker.received[0][2] == find("second")
    assert 0 < overtaken < 20


def test_a_process_may_be_farther_away_than_others() -> None:
    world, broker, heard = World(), Broker(), list[Response | None]()
    lines = lines_to(world, broker)
    lines.delay(Delay(200, 200))
    lines.send(Destination.ANY, -1, find("g"), heard.append)
    world.run(399)
    assert heard == []
    world.run(400)
    assert len(heard) == 1


def test_another_broker_is_asked_where_one_does_not_listen() -> None:
    world, broker = World(), Broker()
    lines = Lines(Cluster(world, gone=None, there=broker), lambda: Delay(1, 1), {}, {})
    assert lines.send(Destination.ANY, -1, find("g"), lambda response: None)
    assert not lines.send(Destination.COORDINATOR, 1, find("g"), lambda response: None)
    world.run(10)
    assert len(broker.received) == 1


def test_an_old_coordinators_connection_is_closed() -> None:
    world, old, new = World(), Broker(), Broker()
    old.answers = False
    lines = Lines(Cluster(world, old=old, new=new), lambda: Delay(1, 1), {}, {})
    heard = list[Response | None]()
    lines.send(Destination.COORDINATOR, 1, join(), heard.append)
    world.run(10)
    lines.send(Destination.COORDINATOR, 2, find("g"), heard.append)
    world.run(20)
    assert (len(old.gone), len(new.received)) == (1, 1)
    assert heard == [None, FindCoordinatorResponse(node_id=0)]
