package dev.telepath.client.macos;

import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The process that a file of {@code /etc/resolver} belongs to, as the file's first line says.
 *
 * @param since when it began, in milliseconds since 1970
 */
record ResolverOwner(long pid, long since) {
    private static final Pattern LINE =
            Pattern.compile("# of tp, process ([0-9]{1,18}) since ([0-9]{1,18}); goes with it");
    /** A system may tell the beginning of one process in two ways, rounded. */
    private static final long CLOSE_MILLIS = 2_000;

    static ResolverOwner self() {
        ProcessHandle self = ProcessHandle.current();
        return new ResolverOwner(self.pid(), since(self).orElse(0L));
    }

    /** Of a file's first line; empty for a file of somebody else. */
    static Optional<ResolverOwner> of(String line) {
        Matcher matcher = LINE.matcher(line);
        return matcher.matches()
                ? Optional.of(new ResolverOwner(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2))))
                : Optional.empty();
    }

    String line() {
        return "# of tp, process " + pid + " since " + since + "; goes with it";
    }

    /** Whether it runs, and is no later process of the same number. */
    boolean isAlive() {
        Optional<ProcessHandle> process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
        return process.isPresent()
                && since(process.get())
                        .map(began -> Math.abs(began - since) <= CLOSE_MILLIS)
                        .orElse(true);
    }

    private static Optional<Long> since(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli);
    }
}
