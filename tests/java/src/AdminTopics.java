import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;

/** The commands about topics, configuration and the cluster; see AdminCommands. */
final class AdminTopics {
    private final Admin admin;

    AdminTopics(Admin admin) {
        this.admin = admin;
    }

    JsonNode run(JsonNode command) throws Exception {
        String topic = command.path("topic").asText();
        return switch (command.get("command").asText()) {
            case "create-topic" -> create(topic, command);
            case "create-partitions" -> AdminCommands.outcome(() -> admin.createPartitions(
                    Map.of(topic, NewPartitions.increaseTo(command.get("count").asInt()))).all().get());
            case "delete-topics" -> AdminCommands.each(Json.strings(command.get("topics")), name ->
                    AdminCommands.outcome(() -> admin.deleteTopics(List.of(name)).all().get()));
            case "list-topics" -> listTopics();
            case "describe-topics" -> AdminCommands.each(
                    Json.strings(command.get("topics")), this::describeTopic);
            case "describe-configs" -> describeConfigs(command);
            case "alter-configs" -> alterConfigs(command);
            case "list-offsets" -> listOffsets(Json.partitions(command.get("partitions")));
            case "delete-records" -> deleteRecords(topic, command);
            case "describe-cluster" -> Json.object()
                    .put("nodes", admin.describeCluster().nodes().get().size())
                    .put("controller", admin.describeCluster().controller().get().id());
            case "describe-acls" -> Json.object().put("acls",
                    admin.describeAcls(AclBindingFilter.ANY).values().get().size());
            case "list-config-resources" -> listConfigResources();
            default -> throw new IllegalArgumentException("unknown command: " + command);
        };
    }

    private JsonNode create(String topic, JsonNode command) throws Exception {
        Optional<Integer> partitions = Optional.of(command.path("partitions")).filter(JsonNode::isInt)
                .map(JsonNode::asInt);
        CreateTopicsResult made = admin.createTopics(
                List.of(new NewTopic(topic, partitions, Optional.empty()).configs(texts(command))));
        made.all().get();
        return Json.object().put("partitions", made.numPartitions(topic).get())
                .put("replication", made.replicationFactor(topic).get())
                .set("configs", told(made.config(topic).get(), false));
    }

    private static Map<String, String> texts(JsonNode command) {
        Map<String, String> configs = new java.util.TreeMap<>();
        command.path("configs").properties().forEach(
                each -> configs.put(each.getKey(), each.getValue().asText()));
        return configs;
    }

    private JsonNode listTopics() throws Exception {
        ObjectNode found = Json.object();
        admin.listTopics().listings().get().forEach(
                each -> found.putObject(each.name()).put("internal", each.isInternal()));
        return found;
    }

    private JsonNode describeTopic(String name) throws Exception {
        TopicDescription each = admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
        ObjectNode told = Json.object().put("internal", each.isInternal());
        ArrayNode partitions = told.putArray("partitions");
        for (TopicPartitionInfo part : each.partitions()) {
            partitions.addObject().put("partition", part.partition()).put("leader", part.leader().id())
                    .put("replicas", part.replicas().size()).put("isr", part.isr().size());
        }
        return told;
    }

    private JsonNode describeConfigs(JsonNode command) throws Exception {
        ConfigResource resource = resource(command);
        Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        return told(config, true);
    }

    private static ConfigResource resource(JsonNode command) {
        String type = command.get("type").asText().toUpperCase(Locale.ROOT);
        return new ConfigResource(ConfigResource.Type.valueOf(type), command.get("name").asText());
    }

    private static JsonNode told(Config config, boolean withTypes) {
        ObjectNode told = Json.object();
        for (ConfigEntry each : config.entries()) {
            ObjectNode entry = told.putObject(each.name()).put("value", each.value())
                    .put("source", each.source().toString()).put("read_only", each.isReadOnly());
            if (withTypes) {
                entry.put("type", each.type().toString());
            }
        }
        return told;
    }

    /** Changes: [[operation, key, value], ...]. */
    private JsonNode alterConfigs(JsonNode command) throws Exception {
        Collection<AlterConfigOp> changes = new ArrayList<>();
        for (JsonNode each : command.get("changes")) {
            changes.add(new AlterConfigOp(
                    new ConfigEntry(each.get(1).asText(), each.get(2).asText()),
                    AlterConfigOp.OpType.valueOf(each.get(0).asText())));
        }
        return AdminCommands.outcome(
                () -> admin.incrementalAlterConfigs(Map.of(resource(command), changes)).all().get());
    }

    private JsonNode listOffsets(List<TopicPartition> partitions) throws Exception {
        ObjectNode told = Json.object();
        for (TopicPartition each : partitions) {
            told.putObject(each.toString())
                    .put("first", offset(each, OffsetSpec.earliest()))
                    .put("end", offset(each, OffsetSpec.latest()));
        }
        return told;
    }

    private long offset(TopicPartition partition, OffsetSpec spec) throws Exception {
        return admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get().offset();
    }

    private JsonNode deleteRecords(String topic, JsonNode command) throws Exception {
        TopicPartition partition = new TopicPartition(topic, command.get("partition").asInt());
        RecordsToDelete upto = RecordsToDelete.beforeOffset(command.get("before").asLong());
        return Json.object().put("low_watermark", admin.deleteRecords(Map.of(partition, upto))
                .lowWatermarks().get(partition).get().lowWatermark());
    }

    private JsonNode listConfigResources() throws Exception {
        ArrayNode found = Json.object().putArray("resources");
        admin.listConfigResources().all().get().stream()
                .filter(each -> each.type() != ConfigResource.Type.TOPIC)
                .map(ConfigResource::toString).sorted().forEach(found::add);
        return found;
    }
}
