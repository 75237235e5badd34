import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * One Java consumer that judges a broker: it speaks as tests/judges/__init__.py says.
 *
 * <p>Only the main thread touches the consumer. When standard input ends, it closes the consumer
 * and the process ends, at the latest after END_WITHIN_S seconds, whatever state it is in.
 */
public final class Judge implements ConsumerRebalanceListener {
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(10);
    private static final int END_WITHIN_S = 20;
    private static final String CLOSE = "close";
    private static final Map<String, String> ASSIGNORS = Map.of(
            "range", RangeAssignor.class.getName(),
            "cooperative-sticky", CooperativeStickyAssignor.class.getName());

    private static final BlockingQueue<String> COMMANDS = new LinkedBlockingQueue<>();

    private final KafkaConsumer<byte[], byte[]> consumer;

    private Judge(KafkaConsumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
    }

    /** One argument: who it is, as JSON. */
    public static void main(String[] arguments) throws Exception {
        startReadingCommands();
        JsonNode wanted = Json.read(arguments[0]);
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties(wanted), bytes, bytes)) {
            new Judge(consumer).run(wanted);
        } catch (Exception error) {
            tell(event("failed").put("error", error.toString()));
            throw error;
        }
    }

    private static Properties properties(JsonNode wanted) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", wanted.get("servers").asText());
        properties.put("group.id", wanted.get("group_id").asText());
        properties.put("group.protocol", "classic");
        properties.put("client.id", wanted.get("member").asText());
        properties.put("partition.assignment.strategy",
                ASSIGNORS.get(wanted.get("assignor").asText()));
        properties.put("session.timeout.ms", wanted.get("session_timeout_ms").asText());
        properties.put("heartbeat.interval.ms", "200");
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "earliest");
        if (wanted.hasNonNull("instance_id")) {
            properties.put("group.instance.id", wanted.get("instance_id").asText());
        }
        return properties;
    }

    private void run(JsonNode wanted) {
        consumer.subscribe(Json.strings(wanted.get("topics")), this);
        tell(event("started"));
        while (true) {
            String command = COMMANDS.poll();
            if (CLOSE.equals(command)) {
                consumer.close(CloseOptions.timeout(CLOSE_WITHIN));
                tell(event("closed"));
                return;
            } else if (command != null) {
                obey(command);
            } else {
                report(consumer.poll(POLL));
            }
        }
    }

    private void obey(String command) {
        switch (command) {
            case "commit" -> commit();
            case "ping" -> { }
            default -> throw new IllegalArgumentException("unknown command: " + command);
        }
        tell(event("done").put("command", command));
    }

    private void commit() {
        Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
        consumer.assignment().forEach(
                each -> positions.put(each, new OffsetAndMetadata(consumer.position(each))));
        consumer.commitSync(positions);
    }

    private static void report(ConsumerRecords<byte[], byte[]> records) {
        if (!records.isEmpty()) {
            ObjectNode offsets = Json.object();
            for (ConsumerRecord<byte[], byte[]> each : records) {
                offsets.withObjectProperty(each.topic())
                        .withArrayProperty(Integer.toString(each.partition()))
                        .add(each.offset());
            }
            tell(event("read").set("records", offsets));
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        tell(event("assigned").set("partitions", Json.partitions(partitions)));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        tell(event("revoked").set("partitions", Json.partitions(partitions)));
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        tell(event("lost").set("partitions", Json.partitions(partitions)));
    }

    private static ObjectNode event(String what) {
        return Json.object().put("event", what).put("t_ms", System.currentTimeMillis());
    }

    private static void tell(JsonNode event) {
        try {
            Json.print(event);
        } catch (IOException nobodyReads) {
            Runtime.getRuntime().halt(1);
        }
    }

    private static void startReadingCommands() {
        Thread reader = new Thread(() -> {
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    COMMANDS.add(line);
                }
                COMMANDS.add(CLOSE);
                Thread.sleep(END_WITHIN_S * 1000L);
            } catch (IOException | InterruptedException ignored) {
                // then there is nobody left to obey
            }
            Runtime.getRuntime().halt(1);
        });
        reader.setDaemon(true);
        reader.start();
    }
}
