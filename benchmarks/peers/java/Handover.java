import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A case read from a file, and plans written to one: see benchmarks/assignors/handover.py. */
final class Handover {
    record Owned(int topic, int[] ids) {}

    record Member(String id, int profile, List<Owned> owned) {}

    int generation;
    final List<String> topics = new ArrayList<>();
    final List<Integer> counts = new ArrayList<>();
    final List<int[]> profiles = new ArrayList<>();
    final List<Member> members = new ArrayList<>();

    static Handover read(Path path) throws IOException {
        Handover read = new Handover();
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(path)))) {
            read.generation = in.readInt();
            for (int left = in.readInt(); left > 0; left--) {
                read.topics.add(string(in));
                read.counts.add(in.readInt());
            }
            for (int left = in.readInt(); left > 0; left--) {
                read.profiles.add(column(in));
            }
            for (int left = in.readInt(); left > 0; left--) {
                String id = string(in);
                int profile = in.readInt();
                List<Owned> owned = new ArrayList<>();
                for (int columns = in.readInt(); columns > 0; columns--) {
                    owned.add(new Owned(in.readInt(), column(in)));
                }
                read.members.add(new Member(id, profile, owned));
            }
        }
        return read;
    }

    /** One list per member, in the order of the case. */
    static void writePlan(Path path, List<List<Owned>> plan) throws IOException {
        try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(path)))) {
            for (List<Owned> owned : plan) {
                out.writeInt(owned.size());
                for (Owned each : owned) {
                    out.writeInt(each.topic());
                    out.writeInt(each.ids().length);
                    for (int id : each.ids()) {
                        out.writeInt(id);
                    }
                }
            }
        }
    }

    private static String string(DataInputStream in) throws IOException {
        return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }

    private static int[] column(DataInputStream in) throws IOException {
        int[] column = new int[in.readInt()];
        for (int at = 0; at < column.length; at++) {
            column[at] = in.readInt();
        }
        return column;
    }
}
