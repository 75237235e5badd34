import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordJsonConverters;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/**
 * Reads and writes records of __consumer_offsets, and segment files, with Kafka's own classes.
 *
 * <p>A line of standard input is an array of questions, a line of standard output the array of
 * their answers. Keys and values are Kafka's own JSON of its schemas. Ends with its input.
 */
public final class GroupRecords {
    private static final GroupCoordinatorRecordSerde SERDE = new GroupCoordinatorRecordSerde();

    private GroupRecords() {}

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
                case "read" -> read(
                        Json.bytes(question.get("key")), Json.bytes(question.get("value")));
                case "write" -> write(question);
                case "segment" -> segment(new File(question.get("file").asText()));
                default -> throw new Error("unknown question: " + what);
            };
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        } catch (RuntimeException error) {
            return Json.object().put("error", error.toString());
        }
    }

    private static ObjectNode read(ByteBuffer key, ByteBuffer value) {
        CoordinatorRecord record = SERDE.deserialize(key, value);
        ObjectNode answer = Json.object().put("type", record.key().apiKey());
        answer.set("key", CoordinatorRecordJsonConverters.writeRecordKeyAsJson(record.key()));
        ApiMessageAndVersion read = record.value();
        if (read != null) {
            answer.put("version", read.version());
            answer.set("value", CoordinatorRecordJsonConverters.writeRecordValueAsJson(
                    read.message(), read.version()));
        }
        return answer;
    }

    /** The bytes that Kafka has for a record; without "value" it is a tombstone. */
    private static JsonNode write(JsonNode question) {
        short type = (short) question.get("type").asInt();
        ApiMessage key =
                CoordinatorRecordJsonConverters.readRecordKeyFromJson(question.get("key"), type);
        CoordinatorRecord record = CoordinatorRecord.tombstone(key);
        if (question.has("value")) {
            short version = (short) question.get("version").asInt();
            ApiMessage value = CoordinatorRecordJsonConverters.readRecordValueFromJson(
                    question.get("value"), type, version);
            record = CoordinatorRecord.record(key, new ApiMessageAndVersion(value, version));
        }
        byte[] written = SERDE.serializeValue(record);
        return Json.object()
                .put("key", Json.hex(ByteBuffer.wrap(SERDE.serializeKey(record))))
                .put("value", written == null ? null : Json.hex(ByteBuffer.wrap(written)));
    }

    /** All batches of a segment file, each checked as a broker checks it, and their records. */
    private static JsonNode segment(File file) throws IOException {
        ArrayNode batches = JsonNodeFactory.instance.arrayNode();
        try (FileRecords records = FileRecords.open(file, false)) {
            for (RecordBatch batch : records.batches()) {
                batch.ensureValid();
                ObjectNode each = batches.addObject()
                        .put("base_offset", batch.baseOffset())
                        .put("last_offset", batch.lastOffset())
                        .put("leader_epoch", batch.partitionLeaderEpoch())
                        .put("max_timestamp", batch.maxTimestamp());
                ArrayNode list = each.putArray("records");
                for (Record record : batch) {
                    list.addObject()
                            .put("offset", record.offset())
                            .put("timestamp", record.timestamp())
                            .put("key", Json.hex(record.key()))
                            .put("value", Json.hex(record.value()));
                }
            }
            return Json.object()
                    .put("size", records.sizeInBytes())
                    .set("batches", batches);
        }
    }
}
