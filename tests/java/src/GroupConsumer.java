import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupAssignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * One Java consumer in a group, told what to do on standard input, telling what happens to it on
 * standard output (tests/java/__init__.py says in which words).
 *
 * <p>Only the main thread touches the consumer. When standard input ends, it closes the consumer
 * and the process ends, at the latest after END_WITHIN_S seconds, whatever state it is in: a
 * killed test run leaves nothing behind.
 */
public final class GroupConsumer implements ConsumerRebalanceListener {
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(10);
    private static final int END_WITHIN_S = 20;
    private static final String CLOSE = "close";

    private static final BlockingQueue<String> COMMANDS = new LinkedBlockingQueue<>();

    private final KafkaConsumer<byte[], byte[]> consumer;
    private boolean paused;

    private GroupConsumer(KafkaConsumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
    }

    /** One argument: {"topics": [...], "properties": {...}}, with Kafka's property names. */
    public static void main(String[] arguments) throws Exception {
        startReadingCommands();
        JsonNode settings = Json.read(arguments[0]);
        Properties properties = new Properties();
        settings.get("properties").properties().forEach(
                each -> properties.setProperty(each.getKey(), each.getValue().asText()));
        ByteArrayDeserializer bytes = new ByteArrayDeserializer();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, bytes, bytes)) {
            new GroupConsumer(consumer).run(Json.strings(settings.get("topics")));
        } catch (Exception error) {
            tell(event("failed").put("error", error.toString()));
            throw error;
        }
    }

    private void run(List<String> topics) throws InterruptedException {
        consumer.subscribe(topics, this);
        tell(event("started"));
        while (true) {
            String command = paused ? COMMANDS.take() : COMMANDS.poll();
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
        List<String> words = Arrays.asList(command.split(" "));
        switch (words.get(0)) {
            case "pause" -> paused = true;
            case "resume" -> paused = false;
            case "rejoin" -> consumer.enforceRebalance("told to rejoin");
            case "subscribe" -> consumer.subscribe(words.subList(1, words.size()), this);
            default -> throw new IllegalArgumentException("unknown command: " + command);
        }
        tell(event("done").put("command", command));
    }

    private void report(ConsumerRecords<byte[], byte[]> records) {
        if (!records.isEmpty()) {
            ObjectNode counts = Json.object();
            for (TopicPartition each : records.partitions()) {
                counts.withObjectProperty(each.topic())
                        .put(Integer.toString(each.partition()), records.records(each).size());
            }
            tell(event("polled").set("counts", counts));
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        tellOwnership("assigned", partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        tellOwnership("revoked", partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        tellOwnership("lost", partitions);
    }

    private void tellOwnership(String what, Collection<TopicPartition> partitions) {
        ConsumerGroupMetadata group = consumer.groupMetadata();
        tell(event(what)
                .put("member_id", group.memberId())
                .put("generation_id", group.generationId())
                .set("partitions", Json.partitions(partitions)));
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

    private static GroupAssignment tellPlan(
            String assignor, GroupSubscription members, GroupAssignment plan) {
        ObjectNode subscriptions = Json.object();
        members.groupSubscription().forEach((member, each) ->
                subscriptions.set(member, Json.subscription(each)));
        ObjectNode assignments = Json.object();
        plan.groupAssignment().forEach((member, each) ->
                assignments.set(member, Json.partitions(each.partitions())));
        ObjectNode event = event("leading").put("assignor", assignor);
        event.set("members", subscriptions);
        event.set("plan", assignments);
        tell(event);
        return plan;
    }

    // Kafka's assignors under their own names, telling what they were asked and what they answered.

    public static final class Range extends RangeAssignor {
        @Override
        public GroupAssignment assign(Cluster metadata, GroupSubscription members) {
            return tellPlan(name(), members, super.assign(metadata, members));
        }
    }

    public static final class RoundRobin extends RoundRobinAssignor {
        @Override
        public GroupAssignment assign(Cluster metadata, GroupSubscription members) {
            return tellPlan(name(), members, super.assign(metadata, members));
        }
    }

    public static final class Sticky extends StickyAssignor {
        @Override
        public GroupAssignment assign(Cluster metadata, GroupSubscription members) {
            return tellPlan(name(), members, super.assign(metadata, members));
        }
    }

    public static final class CooperativeSticky extends CooperativeStickyAssignor {
        @Override
        public GroupAssignment assign(Cluster metadata, GroupSubscription members) {
            return tellPlan(name(), members, super.assign(metadata, members));
        }
    }
}
