package dev.telepath.bench;

import dev.telepath.harness.Load;
import java.util.Map;

/**
 * The CPU time that programs use for one request.
 *
 * @param quick fewer requests, so that the just-in-time compiler has a good part of it
 */
record RequestCost(boolean quick) {
    /**
     * Measures rounds until one is no longer much cheaper than the one before: compilers warm up for long.
     *
     * @param programs ids of processes by name
     * @param kept whether each connection has many of them, or one
     * @param connections with one request each at one time; those of several share wake-ups
     */
    String measure(String what, int through, Map<String, Long> programs, boolean kept, int connections) {
        int requests = (quick ? 5_000 : 20_000) / (kept ? 1 : 4);
        Map<String, Long> last;
        Load.Report load;
        long all = Long.MAX_VALUE;
        boolean warm;
        do {
            Map<String, Long> before = Throughput.cpu(programs);
            load = Load.http1(through, connections, requests / connections, kept, "laptop");
            Map<String, Long> used = Throughput.cpu(programs);
            used.replaceAll((name, millis) -> (millis - before.getOrDefault(name, millis)) * 1000 / requests);
            long sum = used.values().stream().mapToLong(Long::longValue).sum();
            warm = sum >= 0.9 * all;
            all = sum;
            last = used;
        } while (!warm);
        return "%-28s %d = %s, p50 %.2f ms".formatted(what, all, last, load.quantileMillis(0.5));
    }
}
