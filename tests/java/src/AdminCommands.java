import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;

/**
 * What `kafka-consumer-groups` does, by Kafka's own Admin: a command a line in, an answer a line out.
 *
 * <p>One argument: bootstrap.servers. A command is {"command": NAME, ...}; the answer is
 * {"result": ...}, or {"error": NAME, "message": TEXT} with the name of Kafka's exception.
 */
public final class AdminCommands {
    private final Admin admin;

    private AdminCommands(Admin admin) {
        this.admin = admin;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", arguments[0],
                "default.api.timeout.ms", "20000",
                "request.timeout.ms", "10000");
        try (Admin admin = Admin.create(settings);
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            AdminCommands commands = new AdminCommands(admin);
            AdminTopics topics = new AdminTopics(admin);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode command = Json.read(line);
                ObjectNode answer = Json.object();
                try {
                    JsonNode result = commands.run(command);
                    answer.set("result", result != null ? result : topics.run(command));
                } catch (ExecutionException failure) {
                    answer.put("error", failure.getCause().getClass().getSimpleName());
                    answer.put("message", failure.getCause().getMessage());
                }
                Json.print(answer);
            }
        }
    }

    /** Null if the command is none about groups. */
    private JsonNode run(JsonNode command) throws Exception {
        String group = command.path("group").asText();
        return switch (command.get("command").asText()) {
            case "list" -> list(command);
            case "describe" -> describe(Json.strings(command.get("groups")));
            case "offsets" -> offsets(Json.strings(command.get("groups")));
            case "reset" -> reset(group, command.get("offsets"));
            case "reset-to-end" -> resetToEnd(group, Json.partitions(command.get("partitions")));
            case "delete" -> each(Json.strings(command.get("groups")), name -> outcome(() ->
                    admin.deleteConsumerGroups(List.of(name)).deletedGroups().get(name).get()));
            case "delete-offsets" -> deleteOffsets(group, Json.partitions(command.get("partitions")));
            case "remove-members" -> remove(group, command.get("instances"));
            default -> null;
        };
    }

    private JsonNode list(JsonNode command) throws Exception {
        Set<GroupState> states = Json.strings(command.path("states")).stream()
                .map(GroupState::parse).collect(Collectors.toSet());
        Set<GroupType> types = Json.strings(command.path("types")).stream()
                .map(GroupType::parse).collect(Collectors.toSet());
        ListGroupsOptions options = new ListGroupsOptions().inGroupStates(states).withTypes(types);
        ObjectNode found = Json.object();
        for (GroupListing each : admin.listGroups(options).all().get()) {
            found.putObject(each.groupId())
                    .put("type", each.type().map(Object::toString).orElse(null))
                    .put("protocol", each.protocol())
                    .put("state", each.groupState().map(Object::toString).orElse(null))
                    .put("simple", each.isSimpleConsumerGroup());
        }
        return found;
    }

    private JsonNode describe(List<String> groups) throws Exception {
        return each(groups, group -> {
            ConsumerGroupDescription each =
                    admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
            ObjectNode told = Json.object()
                    .put("state", each.groupState().toString())
                    .put("type", each.type().toString())
                    .put("assignor", each.partitionAssignor())
                    .put("simple", each.isSimpleConsumerGroup())
                    .put("coordinator", each.coordinator().id());
            ArrayNode members = told.putArray("members");
            for (MemberDescription member : each.members()) {
                members.addObject()
                        .put("member_id", member.consumerId())
                        .put("client_id", member.clientId())
                        .put("host", member.host())
                        .put("instance", member.groupInstanceId().orElse(null))
                        .set("assigned", Json.partitions(member.assignment().topicPartitions()));
            }
            return told;
        });
    }

    private JsonNode offsets(List<String> groups) throws Exception {
        Map<String, ListConsumerGroupOffsetsSpec> asked = new TreeMap<>();
        groups.forEach(group -> asked.put(group, new ListConsumerGroupOffsetsSpec()));
        ObjectNode found = Json.object();
        admin.listConsumerGroupOffsets(asked).all().get().forEach((group, offsets) -> {
            ObjectNode ofGroup = found.putObject(group);
            offsets.forEach((partition, offset) -> {
                ObjectNode told = ofGroup.putObject(partition.toString());
                if (offset != null) {
                    told.put("offset", offset.offset()).put("metadata", offset.metadata());
                    told.put("epoch", offset.leaderEpoch().orElse(-1));
                }
            });
        });
        return found;
    }

    /** Offsets: {topic: {partition: offset}}. */
    private JsonNode reset(String group, JsonNode offsets) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> wanted = new TreeMap<>(AdminCommands::compare);
        offsets.properties().forEach(topic -> topic.getValue().properties().forEach(each ->
                wanted.put(new TopicPartition(topic.getKey(), Integer.parseInt(each.getKey())),
                        new OffsetAndMetadata(each.getValue().asLong()))));
        return alter(group, wanted);
    }

    private JsonNode resetToEnd(String group, List<TopicPartition> partitions) throws Exception {
        Map<TopicPartition, OffsetSpec> ends = partitions.stream()
                .collect(Collectors.toMap(each -> each, each -> OffsetSpec.latest()));
        Map<TopicPartition, OffsetAndMetadata> wanted = new TreeMap<>(AdminCommands::compare);
        admin.listOffsets(ends).all().get().forEach((partition, end) ->
                wanted.put(partition, new OffsetAndMetadata(end.offset())));
        return alter(group, wanted);
    }

    private JsonNode alter(String group, Map<TopicPartition, OffsetAndMetadata> wanted) throws Exception {
        admin.alterConsumerGroupOffsets(group, wanted).all().get();
        return Json.object().put("altered", wanted.size());
    }

    private JsonNode deleteOffsets(String group, Collection<TopicPartition> partitions) throws Exception {
        var deleted = admin.deleteConsumerGroupOffsets(group, new HashSet<>(partitions));
        ObjectNode told = Json.object();
        for (TopicPartition each : partitions) {
            told.set(each.toString(), outcome(() -> deleted.partitionResult(each).get()));
        }
        return told;
    }

    /** Null instances: everybody. */
    private JsonNode remove(String group, JsonNode instances) throws Exception {
        RemoveMembersFromConsumerGroupOptions options = instances == null
                ? new RemoveMembersFromConsumerGroupOptions()
                : new RemoveMembersFromConsumerGroupOptions(Json.strings(instances).stream()
                        .map(MemberToRemove::new).collect(Collectors.toList()));
        admin.removeMembersFromConsumerGroup(group, options).all().get();
        return Json.object().put("removed", true);
    }

    /** What one thing of several gave; another's failure is its own. */
    interface Asking {
        JsonNode ask(String name) throws Exception;
    }

    /** For what only succeeds or fails. */
    interface Doing {
        void run() throws Exception;
    }

    static JsonNode each(List<String> names, Asking asking) throws Exception {
        ObjectNode told = Json.object();
        for (String name : new ArrayList<>(names)) {
            try {
                told.set(name, asking.ask(name));
            } catch (ExecutionException failure) {
                told.set(name, failure(failure));
            }
        }
        return told;
    }

    static JsonNode outcome(Doing doing) throws Exception {
        try {
            doing.run();
            return Json.object().put("ok", true);
        } catch (ExecutionException failure) {
            return failure(failure);
        }
    }

    private static ObjectNode failure(ExecutionException failure) {
        return Json.object().put("error", failure.getCause().getClass().getSimpleName())
                .put("message", failure.getCause().getMessage());
    }

    private static int compare(TopicPartition one, TopicPartition other) {
        int byTopic = one.topic().compareTo(other.topic());
        return byTopic != 0 ? byTopic : Integer.compare(one.partition(), other.partition());
    }
}
