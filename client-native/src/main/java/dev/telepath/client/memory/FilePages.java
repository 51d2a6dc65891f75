package dev.telepath.client.memory;

import dev.telepath.tunnel.linux.CLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What this process has in memory of a file that it maps and cannot change: code, and the objects that an executable begins with. Linux
 * alone (proc_pid_smaps(5)). Not thread-safe; blocks for a millisecond or two.
 */
final class FilePages {
    private static final Path SMAPS = Path.of("/proc/self/smaps");

    private final CLibrary library = new CLibrary();
    private final String file;

    /**
     * @param length in bytes
     * @param resident of these, how many are in memory
     */
    record Mapping(long start, long length, long resident) {}

    FilePages(Path file) {
        this.file = file.toString();
    }

    /**
     * Drops them all; what is used goes on, and comes back from the file or the system's cache of it.
     *
     * @return how many bytes are no longer this process's
     */
    long drop() throws IOException {
        long dropped = 0;
        for (Mapping each : unchanged(Files.readAllLines(SMAPS), file)) {
            library.dropPages(each.start(), each.length());
            dropped += each.resident();
        }
        return dropped;
    }

    /** The mappings of a file that are neither writable nor have a page of which this process has its own copy. */
    static List<Mapping> unchanged(List<String> smaps, String file) {
        var found = new ArrayList<Mapping>();
        for (int i = 0; i < smaps.size(); i++) {
            String head = smaps.get(i);
            // Few are: the others are not taken apart.
            if (!head.endsWith(file)) {
                continue;
            }
            String[] part = head.split("\\s+", 6);
            if (part.length < 6 || !part[5].equals(file) || part[1].contains("w")) {
                continue;
            }
            long resident = 0;
            boolean own = true;
            for (int line = i + 1; line < smaps.size() && isValue(smaps.get(line)); line++) {
                String value = smaps.get(line);
                if (value.startsWith("Rss:")) {
                    resident = bytes(value);
                } else if (value.startsWith("Anonymous:")) {
                    own = bytes(value) > 0;
                }
            }
            if (!own && resident > 0) {
                String[] range = part[0].split("-", 2);
                long start = Long.parseUnsignedLong(range[0], 16);
                found.add(new Mapping(start, Long.parseUnsignedLong(range[1], 16) - start, resident));
            }
        }
        return found;
    }

    /** {@code Rss:   20 kB}, where a mapping begins with its addresses. */
    private static boolean isValue(String line) {
        int blank = line.indexOf(' ');
        return blank > 0 && line.charAt(blank - 1) == ':';
    }

    /** Of a line as {@code Rss:   20 kB}. */
    static long bytes(String value) {
        return Long.parseLong(value.split("\\s+")[1]) << 10;
    }
}
