package dev.telepath.soak;

import dev.telepath.harness.Metrics;
import dev.telepath.harness.ProcessMemory;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one program holds at one moment, its garbage collected.
 *
 * @param streams resumable streams and links that are open
 */
record Levels(double streams, long threads, long descriptors, ProcessMemory memory) {
    static Levels of(long pid, double streams) {
        return new Levels(streams, Metrics.threads(pid), Metrics.descriptors(pid), ProcessMemory.collected(pid));
    }

    /**
     * What a run is compared with: what was there at its beginning, but the memory of its first third. A JVM compiles and a
     * pool of buffers grows for as long; what grows after that does not end.
     */
    static Map<String, Levels> warmed(Map<String, Levels> begin, Map<String, Levels> now) {
        var warmed = new TreeMap<>(begin);
        warmed.replaceAll((name, level) ->
                new Levels(level.streams, level.threads, level.descriptors, now.getOrDefault(name, level).memory));
        return warmed;
    }

    /**
     * What grew more than a run may leave behind; null when nothing did. The resident heap is not judged: a JVM keeps up
     * to its limit what it once needed, and what is alive in it is judged by itself.
     */
    @Nullable
    String leakSince(Levels before) {
        var grown = new StringBuilder();
        grew(grown, "streams", before.streams, streams, 0);
        grew(grown, "threads", before.threads, threads, 12);
        grew(grown, "descriptors", before.descriptors, descriptors, 24);
        grew(grown, "live heap KiB", before.memory.liveKib(), memory.liveKib(), 8_192);
        grew(
                grown,
                "KiB outside the heap",
                before.memory.outsideKib(),
                memory.outsideKib(),
                Math.max(49_152, before.memory.outsideKib() / 3.0));
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
                "streams %.0f, threads %d, descriptors %d, live heap %.1f MiB, outside the heap %.1f MiB, resident %.1f MiB",
                streams,
                threads,
                descriptors,
                memory.liveKib() / 1024.0,
                memory.outsideKib() / 1024.0,
                memory.residentKib() / 1024.0);
    }
}
