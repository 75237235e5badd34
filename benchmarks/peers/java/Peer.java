import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Runs one of Kafka's assignors on one case: Peer ASSIGNOR CASE PLAN SECONDS SLOW.
 *
 * Says "ready" when the case is in memory, "first MS" after the run that made the plan, which is
 * cold, then "solver MS MS ..." and "wire MS MS ...", all runs in their order, and "peak KIB".
 * A figure is run 16 times at least and for SECONDS; but no longer than SLOW seconds, and if the
 * first run takes longer than that, once more and nothing else.
 */
public final class Peer {
    /** What every assignor is asked for. */
    interface Subject {
        /** The plan with nothing withheld. */
        List<List<Handover.Owned>> plan();

        /** From objects in memory to objects in memory. */
        void solve();

        /** From every member's bytes to every member's bytes. */
        void wire();

        /** Whether its input and output are ever bytes. */
        boolean hasWire();
    }

    private static final int LEAST_RUNS = 16;
    private static final int MOST_RUNS = 20_000;

    public static void main(String[] args) throws IOException {
        Handover group = Handover.read(Path.of(args[1]));
        Subject subject = switch (args[0]) {
            case "cooperative-sticky" -> new ClientSide(group);
            case "uniform" -> new ServerSide(group);
            default -> throw new IllegalArgumentException("no assignor " + args[0]);
        };
        double enough = Double.parseDouble(args[3]);
        double slow = Double.parseDouble(args[4]);
        say("ready");
        long began = System.nanoTime();
        List<List<Handover.Owned>> plan = subject.plan();
        double first = seconds(began);
        say(String.format(Locale.ROOT, "first %.6f", first * 1e3));
        Handover.writePlan(Path.of(args[2]), plan);
        measure("solver", subject::solve, enough, slow);
        if (subject.hasWire() && first <= slow) {
            measure("wire", subject::wire, enough / 4, slow);
        }
        say("peak " + peak());
    }

    private static void measure(String name, Runnable run, double enough, double slow) {
        StringBuilder runs = new StringBuilder(name);
        long began = System.nanoTime();
        int done = 0;
        do {
            long at = System.nanoTime();
            run.run();
            runs.append(String.format(Locale.ROOT, " %.6f", seconds(at) * 1e3));
            done++;
        } while (done < MOST_RUNS && seconds(began) < (done < LEAST_RUNS ? slow : enough));
        say(runs.toString());
    }

    private static double seconds(long began) {
        return (System.nanoTime() - began) / 1e9;
    }

    /** The most memory this process ever held, in KiB; 0 where the system does not say. */
    private static long peak() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0;
        }
        for (String line : Files.readAllLines(status)) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D+", ""));
            }
        }
        return 0;
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private Peer() {}
}
