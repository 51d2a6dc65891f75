package dev.telepath.soak;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Checksummed;
import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Report;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Running;
import dev.telepath.harness.fault.FaultProxy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Streams without end under random faults, then a look at what is left. Ends with 0 only if every byte of every stream
 * arrived once and in order, none was reset, and no program holds more than at the beginning.
 */
public final class Soak {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int STREAMS = 20;

    private final Installation telepath = Installation.temporary().init().heap("256m");
    private final ChecksummedServer workload = ChecksummedServer.start();
    private final ChecksummedServer laptop = ChecksummedServer.start();
    private final AtomicLong whole = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong longestPause = new AtomicLong();
    private final long seed;
    private volatile @Nullable String problem;
    private volatile boolean ending;

    private Soak(long seed) {
        this.seed = seed;
    }

    public static void main(String[] arguments) throws Exception {
        long minutes = 60;
        long seed = System.nanoTime() & 0xffff;
        boolean direct = false;
        for (int i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length
                    || !List.of("--minutes", "--seed", "--direct").contains(arguments[i])) {
                System.err.println("usage: integration-tests/soak/run [--minutes M] [--seed N] [--direct on|off]");
                System.exit(2);
            }
            if (arguments[i].equals("--minutes")) {
                minutes = Long.parseLong(arguments[i + 1]);
            } else if (arguments[i].equals("--direct")) {
                direct = arguments[i + 1].equals("on");
            } else {
                seed = Long.parseLong(arguments[i + 1]);
            }
        }
        var soak = new Soak(seed);
        if (direct) {
            soak.telepath.direct();
        }
        System.exit(soak.run(minutes));
    }

    private int run(long minutes) throws Exception {
        System.out.println("soak of " + minutes + " minutes, seed " + seed);
        telepath.startManager();
        try (var atAgent = FaultProxy.before(telepath.managerPort());
                var atClient = FaultProxy.before(telepath.managerPort());
                telepath;
                workload;
                laptop) {
            telepath.through(atAgent.address(), atClient.address());
            Running agent = telepath.startAgent("web", workload.port());
            telepath.connect().orFail();
            telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
            JsonNode status = status();
            long daemon = status.path("daemon").path("pid").asLong();
            var ways = List.of(
                    Way.to(agent.port("port-http")),
                    Way.throughSocks(status.path("proxy").path("port").asInt(), "127.0.0.1", workload.port())
                            .patiently());
            // Warm, so that what grows from then on is no class that is loaded late.
            for (Way way : ways) {
                load(way, seed);
            }
            settle();
            Map<String, Levels> before = levels("begin", agent, daemon);

            var troubles = new Troubles(telepath, List.of(atAgent, atClient), agent.pid(), daemon, seed);
            List<Thread> loads = ways.stream()
                    .map(way -> Thread.ofVirtual().start(() -> loadUntilTheEnd(way)))
                    .toList();
            long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
            long report = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
            long warm = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes) / 3;
            while (System.nanoTime() < end && problem == null) {
                TimeUnit.MILLISECONDS.sleep(troubles.quiet());
                troubles.next();
                if (System.nanoTime() > report) {
                    report += TimeUnit.MINUTES.toNanos(5);
                    System.out.println("so far " + so() + ", troubles " + new TreeMap<>(troubles.happened()));
                    Map<String, Levels> now = levels("so far", agent, daemon);
                    if (System.nanoTime() < warm) {
                        before = Levels.warmed(before, now);
                    }
                }
            }
            ending = true;
            for (Thread one : loads) {
                one.join(Duration.ofMinutes(3));
            }
            settle();
            Map<String, Levels> after = levels("end", agent, daemon);
            System.out.println(so() + ", troubles " + new TreeMap<>(troubles.happened()));
            int exit = verdict(before, after);
            if (exit != 0) {
                telepath.keep();
                System.out.println("logs, and when each trouble was: " + telepath.directory());
            }
            return exit;
        }
    }

    private String so() {
        return whole.get() + " streams whole, " + (bytes.get() >> 20) + " MiB compared, longest pause "
                + longestPause.get() + " ms";
    }

    private int verdict(Map<String, Levels> before, Map<String, Levels> after) {
        boolean sound = problem == null;
        if (!sound) {
            System.out.println("PROBLEM " + problem + " (seed " + seed + ")");
        }
        for (Map.Entry<String, Levels> program : after.entrySet()) {
            Levels then = before.get(program.getKey());
            String leak = then == null ? null : program.getValue().leakSince(then);
            if (leak != null) {
                sound = false;
                System.out.println("LEAK in " + program.getKey() + ": " + leak);
            }
        }
        System.out.println(sound ? "sound" : "NOT SOUND");
        return sound ? 0 : 1;
    }

    private void loadUntilTheEnd(Way way) {
        long next = seed;
        while (!ending && problem == null) {
            try {
                load(way, next++);
            } catch (RuntimeException e) {
                problem = String.valueOf(e.getMessage());
            }
        }
    }

    /** Some ten seconds of streams. */
    private void load(Way way, long data) {
        try (var load = Checksummed.start(new Plan(STREAMS, 500_000, 500_000, 50_000, data), way)) {
            Report report = load.await(Duration.ofMinutes(3));
            whole.addAndGet(report.done());
            bytes.addAndGet(report.bytesSent() + report.bytesReceived());
            longestPause.accumulateAndGet(report.longestPause().toMillis(), Math::max);
            if (!report.whole()) {
                problem = report.toString();
            }
        }
    }

    /** Ends of streams are told with the last bytes, and links are kept for some seconds more; give them their time. */
    private void settle() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < end
                && (status().path("streams").path("resumable").asInt() > 0 || ofManager() > 0)) {
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    private double ofManager() {
        return streams("https://" + telepath.managerAddress());
    }

    private Map<String, Levels> levels(String when, Running agent, long daemon) throws JsonProcessingException {
        var levels = new TreeMap<String, Levels>();
        levels.put("manager", Levels.of(telepath.manager().pid(), ofManager()));
        levels.put("agent", Levels.of(agent.pid(), streams("http://127.0.0.1:" + agent.announced("http-port"))));
        levels.put(
                "tp",
                Levels.of(daemon, status().path("streams").path("resumable").asDouble()));
        levels.forEach((name, level) -> System.out.printf("%-7s %-8s %s%n", when, name, level));
        return levels;
    }

    private static double streams(String base) {
        Map<String, Double> samples = Metrics.scrape(base);
        return Metrics.sum(samples, "telepath_streams_resumable") + Metrics.sum(samples, "telepath_links_open");
    }

    private JsonNode status() throws JsonProcessingException {
        return JSON.readTree(telepath.tp("status", "--output", "json").orFail().out());
    }
}
