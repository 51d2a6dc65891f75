package dev.telepath.soak;

import dev.telepath.harness.Metrics;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one program holds at one moment.
 *
 * @param streams resumable streams and links that are open
 * @param heap bytes in use, not all of them alive
 * @param resident KiB
 */
record Levels(double streams, long threads, long descriptors, double heap, long resident) {
    static Levels of(long pid, Map<String, Double> samples) {
        return new Levels(
                Metrics.sum(samples, "telepath_streams_resumable") + Metrics.sum(samples, "telepath_links_open"),
                Metrics.threads(pid),
                Metrics.descriptors(pid),
                Metrics.sum(samples, "jvm_memory_used_bytes"),
                Metrics.residentKib(pid));
    }

    /** What grew more than a run may leave behind; null when nothing did. */
    @Nullable
    String leakSince(Levels before) {
        var grown = new StringBuilder();
        grew(grown, "streams", before.streams, streams, 0);
        grew(grown, "threads", before.threads, threads, 12);
        grew(grown, "descriptors", before.descriptors, descriptors, 24);
        grew(grown, "resident KiB", before.resident, resident, Math.max(65_536, before.resident / 2.0));
        return grown.isEmpty() ? null : grown.toString().strip();
    }

    private static void grew(StringBuilder into, String what, double before, double now, double allowed) {
        if (now > before + allowed) {
            into.append(String.format(Locale.ROOT, " %s %.0f -> %.0f", what, before, now));
        }
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "streams %.0f, threads %d, descriptors %d, heap %.1f MiB, resident %.1f MiB",
                streams,
                threads,
                descriptors,
                heap / (1 << 20),
                resident / 1024.0);
    }
}
