import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.AbstractStickyAssignor.MemberData;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;

/**
 * Answers questions with Kafka's own classes: what an assignor says of a group, which bytes the
 * consumer protocol has for something, what it reads in given bytes.
 *
 * <p>A line of standard input is an array of questions, a line of standard output the array of
 * their answers. tests/java/oracle.py asks them. Ends with its input.
 */
public final class Oracle {
    private Oracle() {}

    public static void main(String[] arguments) throws IOException {
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            ArrayNode answers = JsonNodeFactory.instance.arrayNode();
            for (JsonNode question : Json.read(line)) {
                answers.add(answer(question));
            }
            Json.print(answers);
        }
    }

    /** What Kafka's class throws is an answer too. */
    private static JsonNode answer(JsonNode question) {
        String what = question.get("ask").asText();
        try {
            return switch (what) {
                case "plan" -> plan(question);
                case "write subscription" -> hex(ConsumerProtocol.serializeSubscription(
                        subscription(question), version(question)));
                case "read subscription" -> Json.subscription(
                        ConsumerProtocol.deserializeSubscription(bytes(question)));
                case "write assignment" -> hex(ConsumerProtocol.serializeAssignment(
                        assignment(question), version(question)));
                case "read assignment" -> readAssignment(bytes(question));
                case "write user data" -> hex(userData(question));
                case "read user data" -> readUserData(question);
                default -> throw new Error("unknown question: " + what);
            };
        } catch (RuntimeException error) {
            return Json.object().put("error", error.toString());
        }
    }

    /** As ConsumerCoordinator.onLeaderElected does: bytes in, one Cluster, the public entry. */
    private static JsonNode plan(JsonNode question) {
        Map<String, Subscription> subscriptions = new HashMap<>();
        for (JsonNode member : question.get("members")) {
            Subscription subscription =
                    ConsumerProtocol.deserializeSubscription(Json.bytes(member.get("metadata")));
            subscription.setGroupInstanceId(optional(member.get("instance")));
            subscriptions.put(member.get("id").asText(), subscription);
        }
        ObjectNode plan = Json.object();
        assignor(question.get("assignor").asText())
                .assign(cluster(question.get("topics")), new GroupSubscription(subscriptions))
                .groupAssignment()
                .forEach((member, each) ->
                        plan.put(member, Json.hex(ConsumerProtocol.serializeAssignment(each))));
        return plan;
    }

    /** {topic: [the racks of each partition's replicas]}; a rack that is null is not known. */
    private static Cluster cluster(JsonNode topics) {
        Map<String, Node> nodes = new HashMap<>();
        List<PartitionInfo> partitions = new ArrayList<>();
        topics.properties().forEach(topic -> {
            int id = 0;
            for (JsonNode racks : topic.getValue()) {
                Node[] replicas = new Node[racks.size()];
                for (int at = 0; at < replicas.length; at++) {
                    String rack = optional(racks.get(at)).orElse(null);
                    replicas[at] = nodes.computeIfAbsent(
                            rack, key -> new Node(nodes.size(), "localhost", 9092, key));
                }
                Node leader = replicas.length == 0 ? Node.noNode() : replicas[0];
                partitions.add(
                        new PartitionInfo(topic.getKey(), id++, leader, replicas, replicas));
            }
        });
        return new Cluster("c", nodes.values(), partitions, new HashSet<>(), new HashSet<>());
    }

    private static ConsumerPartitionAssignor assignor(String name) {
        return switch (name) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new Sticky();
            case "cooperative-sticky" -> new CooperativeSticky();
            default -> throw new Error("unknown assignor: " + name);
        };
    }

    private static Subscription subscription(JsonNode question) {
        return new Subscription(
                Json.strings(question.get("topics")),
                Json.bytes(question.get("user_data")),
                Json.partitions(question.get("owned")),
                question.get("generation_id").asInt(),
                optional(question.get("rack_id")));
    }

    private static Assignment assignment(JsonNode question) {
        return new Assignment(
                Json.partitions(question.get("partitions")), Json.bytes(question.get("user_data")));
    }

    private static JsonNode readAssignment(ByteBuffer bytes) {
        Assignment read = ConsumerProtocol.deserializeAssignment(bytes);
        ObjectNode answer = Json.object();
        answer.set("partitions", Json.partitions(read.partitions()));
        return answer.put("user_data", Json.hex(read.userData()));
    }

    /** What an assignor sends that was assigned this in that generation; null before the first. */
    @SuppressWarnings("removal") // the only way to make what onAssignment takes
    private static ByteBuffer userData(JsonNode question) {
        ConsumerPartitionAssignor assignor = assignor(question.get("assignor").asText());
        if (!question.get("partitions").isNull()) {
            assignor.onAssignment(
                    new Assignment(Json.partitions(question.get("partitions"))),
                    new ConsumerGroupMetadata(
                            "g", question.get("generation_id").asInt(), "m", Optional.empty()));
        }
        return assignor.subscriptionUserData(new HashSet<>());
    }

    /** What a sticky assignor takes from a subscription: owned partitions and user data. */
    private static JsonNode readUserData(JsonNode question) {
        ReadsMembers assignor = (ReadsMembers) assignor(question.get("assignor").asText());
        MemberData read = assignor.read(ConsumerProtocol.deserializeSubscription(bytes(question)));
        ObjectNode answer = Json.object();
        answer.set("partitions", Json.partitions(read.partitions));
        return answer.put("generation_id", read.generation.orElse(-1));
    }

    private interface ReadsMembers {
        MemberData read(Subscription subscription);
    }

    private static final class Sticky extends StickyAssignor implements ReadsMembers {
        @Override
        public MemberData read(Subscription subscription) {
            return memberData(subscription);
        }
    }

    private static final class CooperativeSticky extends CooperativeStickyAssignor
            implements ReadsMembers {
        @Override
        public MemberData read(Subscription subscription) {
            return memberData(subscription);
        }
    }

    private static ByteBuffer bytes(JsonNode question) {
        return Json.bytes(question.get("bytes"));
    }

    private static short version(JsonNode question) {
        return (short) question.get("version").asInt();
    }

    private static Optional<String> optional(JsonNode text) {
        return text.isNull() ? Optional.empty() : Optional.of(text.asText());
    }

    private static JsonNode hex(ByteBuffer bytes) {
        return JsonNodeFactory.instance.textNode(Json.hex(bytes));
    }
}
