import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/** Reads files as Java does: a JSON string a line in (the file), an object a line out. */
public final class ReadProperties {
    private ReadProperties() {}

    public static void main(String[] arguments) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                byte[] file = mapper.readValue(line, String.class).getBytes(StandardCharsets.ISO_8859_1);
                Properties properties = new Properties();
                properties.load(new ByteArrayInputStream(file));
                ObjectNode read = Json.object();
                properties.stringPropertyNames().forEach(key -> read.put(key, properties.getProperty(key)));
                Json.print(read);
            }
        }
    }
}
