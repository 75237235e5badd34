import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.internals.AbstractStickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/**
 * The consumer's CooperativeStickyAssignor, as a group's leader calls it.
 *
 * In memory, members with the same subscription share one list of topics, which is kinder than what
 * a leader has after decoding. The plan that is judged is the one before the cooperative wrapper
 * withholds anything: the same engine, asked without the wrapper.
 */
final class ClientSide implements Peer.Subject {
    private static final Node[] NO_NODES = {};

    private final Handover group;
    private final Map<String, List<PartitionInfo>> partitions = new HashMap<>();
    private final Map<String, Subscription> subscriptions = new HashMap<>();
    private final Map<String, Integer> topicNumbers = new HashMap<>();
    private final Map<String, ByteBuffer> bytes = new HashMap<>();
    private final Cluster cluster;

    ClientSide(Handover group) {
        this.group = group;
        List<PartitionInfo> all = new ArrayList<>();
        for (int topic = 0; topic < group.topics.size(); topic++) {
            String name = group.topics.get(topic);
            topicNumbers.put(name, topic);
            List<PartitionInfo> infos = IntStream.range(0, group.counts.get(topic))
                .mapToObj(id -> new PartitionInfo(name, id, Node.noNode(), NO_NODES, NO_NODES))
                .toList();
            partitions.put(name, infos);
            all.addAll(infos);
        }
        cluster = new Cluster("peers", List.of(), all, Collections.emptySet(), Collections.emptySet());
        subscribe();
    }

    private void subscribe() {
        List<List<String>> profiles = group.profiles.stream()
            .map(numbers -> IntStream.of(numbers).mapToObj(group.topics::get).toList())
            .toList();
        for (Handover.Member member : group.members) {
            List<TopicPartition> owned = new ArrayList<>();
            for (Handover.Owned each : member.owned()) {
                String topic = group.topics.get(each.topic());
                IntStream.of(each.ids()).forEach(id -> owned.add(new TopicPartition(topic, id)));
            }
            int generation = owned.isEmpty() ? -1 : group.generation;
            List<String> topics = profiles.get(member.profile());
            subscriptions.put(
                member.id(), new Subscription(topics, null, owned, generation, Optional.empty()));
        }
    }

    @Override
    public List<List<Handover.Owned>> plan() {
        Map<String, List<TopicPartition>> plan =
            new Engine().assignPartitions(partitions, subscriptions);
        List<List<Handover.Owned>> result = new ArrayList<>();
        for (Handover.Member member : group.members) {
            result.add(columns(plan.get(member.id())));
        }
        return result;
    }

    private List<Handover.Owned> columns(List<TopicPartition> assigned) {
        Map<String, IntStream.Builder> byTopic = new HashMap<>();
        for (TopicPartition each : assigned) {
            byTopic.computeIfAbsent(each.topic(), __ -> IntStream.builder()).add(each.partition());
        }
        List<Handover.Owned> columns = new ArrayList<>();
        byTopic.forEach((topic, ids) ->
            columns.add(new Handover.Owned(topicNumbers.get(topic), ids.build().toArray())));
        return columns;
    }

    @Override
    public void solve() {
        new CooperativeStickyAssignor().assignPartitions(partitions, subscriptions);
    }

    @Override
    public boolean hasWire() {
        subscriptions.forEach((member, each) ->
            bytes.put(member, ConsumerProtocol.serializeSubscription(each)));
        return true;
    }

    @Override
    public void wire() {
        Map<String, Subscription> decoded = new HashMap<>();
        bytes.forEach((member, each) ->
            decoded.put(member, ConsumerProtocol.deserializeSubscription(each.duplicate())));
        Map<String, Assignment> plan = new CooperativeStickyAssignor()
            .assign(cluster, new GroupSubscription(decoded)).groupAssignment();
        Map<String, ByteBuffer> encoded = new HashMap<>();
        plan.forEach((member, each) ->
            encoded.put(member, ConsumerProtocol.serializeAssignment(each)));
    }

    /** What CooperativeStickyAssignor stands on, with the claims read as it reads them. */
    private static final class Engine extends AbstractStickyAssignor {
        @Override
        public String name() {
            return CooperativeStickyAssignor.COOPERATIVE_STICKY_ASSIGNOR_NAME;
        }

        @Override
        protected MemberData memberData(Subscription subscription) {
            return new MemberData(subscription.ownedPartitions(), subscription.generationId());
        }
    }
}
