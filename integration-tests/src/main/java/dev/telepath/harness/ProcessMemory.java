package dev.telepath.harness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What a process holds once its garbage is collected. Where there is no JVM to ask (a native program), the heap is not
 * told apart and both of its figures are 0.
 *
 * @param residentKib all that is resident
 * @param heapKib of it, the Java heap, whether alive or merely not given back
 * @param liveKib of the heap, the objects that a full collection left
 */
public record ProcessMemory(long residentKib, long heapKib, long liveKib) {
    private static final Pattern RANGE = Pattern.compile("\\[0x(\\p{XDigit}+), 0x\\p{XDigit}+, 0x(\\p{XDigit}+)\\)");
    /** A row of a class histogram: number, instances, bytes, class. */
    private static final Pattern FILLER =
            Pattern.compile("(?m)^\\s*\\d+:\\s+\\d+\\s+(\\d+)\\s+\\S*jdk\\.internal\\.vm\\.Filler\\S*.*$");

    private static final Pattern MAPPING = Pattern.compile("(\\p{XDigit}+)-(\\p{XDigit}+) [-rwxsp]{4} .*");

    /** Collects the garbage of a process and measures it; Linux only. */
    public static ProcessMemory collected(long pid) {
        if (Program.isNative()) {
            return new ProcessMemory(Metrics.residentKib(pid), 0, 0);
        }
        String histogram = jcmd(pid, "GC.class_histogram");
        return new ProcessMemory(Metrics.residentKib(pid), heapKib(pid), liveBytes(histogram) / 1024);
    }

    /**
     * Bytes of all objects. A collection that need not move everything fills the gaps that it leaves with arrays that are
     * nobody's (jdk.internal.vm.FillerElement), up to megabytes of them, and the histogram counts those too.
     *
     * @throws IllegalStateException when it is no histogram
     */
    static long liveBytes(String histogram) {
        String[] total = lastLine(histogram).split("\\s+");
        if (!total[0].equals("Total")) {
            throw new IllegalStateException("a process told no live heap: " + String.join(" ", total));
        }
        long filled = FILLER.matcher(histogram)
                .results()
                .mapToLong(gap -> Long.parseLong(gap.group(1)))
                .sum();
        return Long.parseLong(total[2]) - filled;
    }

    /** What is resident outside the Java heap: code, threads, direct buffers, the collector's own. */
    public long outsideKib() {
        return residentKib - heapKib;
    }

    /** The spaces of the heap by their addresses, and what the system says is resident there. */
    private static long heapKib(long pid) {
        long from = Long.MAX_VALUE;
        long to = 0;
        for (MatchResult space :
                RANGE.matcher(jcmd(pid, "GC.heap_info")).results().toList()) {
            from = Math.min(from, Long.parseLong(space.group(1), 16));
            to = Math.max(to, Long.parseLong(space.group(2), 16));
        }
        if (to == 0) {
            throw new IllegalStateException("process " + pid + " told no addresses of its heap");
        }
        long resident = 0;
        boolean inHeap = false;
        for (String line : smaps(pid)) {
            var mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                inHeap = Long.parseUnsignedLong(mapping.group(1), 16) >= from
                        && Long.parseUnsignedLong(mapping.group(2), 16) <= to;
            } else if (inHeap && line.startsWith("Rss:")) {
                resident += Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return resident;
    }

    private static List<String> smaps(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc/" + pid + "/smaps"));
        } catch (IOException e) {
            throw new IllegalStateException("the mappings of process " + pid + " cannot be read: " + e, e);
        }
    }

    private static String jcmd(long pid, String command) {
        Path jcmd = Path.of(Program.java()).resolveSibling("jcmd");
        try {
            Process asked = new ProcessBuilder(jcmd.toString(), String.valueOf(pid), command)
                    .redirectErrorStream(true)
                    .start();
            return new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("process " + pid + " cannot be asked for " + command + ": " + e, e);
        }
    }

    private static String lastLine(String text) {
        String stripped = text.strip();
        return stripped.substring(stripped.lastIndexOf('\n') + 1).strip();
    }
}
