import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.common.TopicPartition;

/**
 * How these programs write down what Kafka's classes say: one JSON object a line.
 *
 * <p>Partitions are {topic: [id, ...]}, in the order in which Java has them; bytes are hexadecimal.
 * Jackson stands on the broker's own class path.
 */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final PrintStream OUT =
            new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);

    private Json() {}

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static JsonNode read(String line) throws IOException {
        return MAPPER.readTree(line);
    }

    /** One line on standard output, at once; lines of several threads do not mix. */
    static void print(JsonNode line) throws IOException {
        String text = MAPPER.writeValueAsString(line);
        synchronized (OUT) {
            OUT.print(text + '\n');
            OUT.flush();
            if (OUT.checkError()) {
                throw new IOException("nobody reads any more");
            }
        }
    }

    static List<String> strings(JsonNode array) {
        List<String> all = new ArrayList<>();
        array.forEach(each -> all.add(each.asText()));
        return all;
    }

    /** Topics by name; ids in the order given. */
    static ObjectNode partitions(Collection<TopicPartition> partitions) {
        Map<String, List<Integer>> byTopic = new TreeMap<>();
        for (TopicPartition each : partitions) {
            byTopic.computeIfAbsent(each.topic(), topic -> new ArrayList<>()).add(each.partition());
        }
        return MAPPER.valueToTree(byTopic);
    }

    static List<TopicPartition> partitions(JsonNode byTopic) {
        List<TopicPartition> all = new ArrayList<>();
        byTopic.properties().forEach(topic -> topic.getValue()
                .forEach(id -> all.add(new TopicPartition(topic.getKey(), id.asInt()))));
        return all;
    }

    static ObjectNode subscription(Subscription each) {
        ObjectNode data = object();
        each.topics().forEach(data.putArray("topics")::add);
        data.set("owned", partitions(each.ownedPartitions()));
        data.put("generation_id", each.generationId().orElse(-1));
        data.put("group_instance_id", each.groupInstanceId().orElse(null));
        data.put("rack_id", each.rackId().orElse(null));
        return data.put("user_data", hex(each.userData()));
    }

    /** Null stays null. */
    static String hex(ByteBuffer bytes) {
        if (bytes == null) {
            return null;
        }
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }

    static ByteBuffer bytes(JsonNode hex) {
        return hex.isNull() ? null : ByteBuffer.wrap(HexFormat.of().parseHex(hex.asText()));
    }
}
