import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.GroupAssignment;
import org.apache.kafka.coordinator.group.api.assignor.GroupSpec;
import org.apache.kafka.coordinator.group.api.assignor.MemberAssignment;
import org.apache.kafka.coordinator.group.api.assignor.SubscribedTopicDescriber;
import org.apache.kafka.coordinator.group.api.assignor.SubscriptionType;
import org.apache.kafka.coordinator.group.assignor.UniformAssignor;
import org.apache.kafka.coordinator.group.modern.Assignment;
import org.apache.kafka.coordinator.group.modern.GroupSpecImpl;
import org.apache.kafka.coordinator.group.modern.MemberSubscriptionAndAssignmentImpl;

/**
 * The group coordinator's UniformAssignor (KIP-848), on what a coordinator keeps in memory.
 *
 * Its input and output are never on the wire, so there is no such figure.
 */
final class ServerSide implements Peer.Subject {
    private final Handover group;
    private final List<Uuid> ids = new ArrayList<>();
    private final Map<Uuid, Integer> numbers = new HashMap<>();
    private final GroupSpec spec;
    private final SubscribedTopicDescriber describer;

    ServerSide(Handover group) {
        this.group = group;
        for (int topic = 0; topic < group.topics.size(); topic++) {
            Uuid id = new Uuid(1, topic + 1);
            ids.add(id);
            numbers.put(id, topic);
        }
        describer = new Counts();
        spec = spec();
    }

    private GroupSpec spec() {
        List<Set<Uuid>> profiles = group.profiles.stream()
            .map(each -> IntStream.of(each).mapToObj(ids::get).collect(Collectors.toSet()))
            .toList();
        Map<String, MemberSubscriptionAndAssignmentImpl> members = new HashMap<>();
        Map<Uuid, Map<Integer, String>> owners = new HashMap<>();
        for (Handover.Member member : group.members) {
            Map<Uuid, Set<Integer>> owned = new HashMap<>();
            for (Handover.Owned each : member.owned()) {
                Uuid topic = ids.get(each.topic());
                for (int id : each.ids()) {
                    owned.computeIfAbsent(topic, __ -> new HashSet<>()).add(id);
                    owners.computeIfAbsent(topic, __ -> new HashMap<>()).put(id, member.id());
                }
            }
            members.put(member.id(), new MemberSubscriptionAndAssignmentImpl(
                Optional.empty(), Optional.empty(), profiles.get(member.profile()),
                new Assignment(Collections.unmodifiableMap(owned))));
        }
        SubscriptionType type = profiles.size() == 1
            ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS;
        return new GroupSpecImpl(members, type, owners);
    }

    private GroupAssignment assign() {
        return new UniformAssignor().assign(spec, describer);
    }

    @Override
    public List<List<Handover.Owned>> plan() {
        Map<String, MemberAssignment> plan = assign().members();
        List<List<Handover.Owned>> result = new ArrayList<>();
        for (Handover.Member member : group.members) {
            List<Handover.Owned> columns = new ArrayList<>();
            MemberAssignment assigned = plan.get(member.id());
            if (assigned != null) {
                assigned.partitions().forEach((topic, each) ->
                    columns.add(new Handover.Owned(numbers.get(topic), column(each))));
            }
            result.add(columns);
        }
        return result;
    }

    private static int[] column(Collection<Integer> ids) {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public void solve() {
        assign();
    }

    @Override
    public boolean hasWire() {
        return false;
    }

    @Override
    public void wire() {
        throw new UnsupportedOperationException("a coordinator keeps what it assigns");
    }

    /** Partition counts; no racks. */
    private final class Counts implements SubscribedTopicDescriber {
        @Override
        public int numPartitions(Uuid topic) {
            Integer number = numbers.get(topic);
            return number == null ? -1 : group.counts.get(number);
        }

        @Override
        public Set<String> racksForPartition(Uuid topic, int partition) {
            return Set.of();
        }
    }
}
