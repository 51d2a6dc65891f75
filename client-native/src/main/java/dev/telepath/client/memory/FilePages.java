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
            String[] head = smaps.get(i).split("\\s+", 6);
            if (head.length < 6 || !head[0].contains("-") || !head[5].equals(file) || head[1].contains("w")) {
                continue;
            }
            long resident = 0;
            boolean own = true;
            for (int line = i + 1; line < smaps.size(); line++) {
                String[] value = smaps.get(line).split("\\s+");
                if (!value[0].endsWith(":")) {
                    break;
                }
                switch (value[0]) {
                    case "Rss:" -> resident = Long.parseLong(value[1]) << 10;
                    case "Anonymous:" -> own = !value[1].equals("0");
                    default -> {}
                }
            }
            if (!own && resident > 0) {
                String[] range = head[0].split("-", 2);
                long start = Long.parseUnsignedLong(range[0], 16);
                found.add(new Mapping(start, Long.parseUnsignedLong(range[1], 16) - start, resident));
            }
        }
        return found;
    }
}
