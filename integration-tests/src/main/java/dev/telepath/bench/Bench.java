package dev.telepath.bench;

import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Load;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Measures the main job: callers, agent, manager and tp as separate processes on this machine, each figure beside the same
 * figure of a direct connection taken in the same run. Nothing is asserted: it reports.
 */
public final class Bench {
    private final boolean quick;
    private final boolean bytesOnly;
    private final Vertx vertx = Vertx.vertx();
    private final Report report = new Report();

    private Bench(boolean quick, boolean bytesOnly) {
        this.quick = quick;
        this.bytesOnly = bytesOnly;
    }

    public static void main(String[] arguments) throws Exception {
        Set<String> options = Set.of(arguments);
        if (!Set.of("--native", "--quick", "--cost", "--bytes", "--resume", "--idle", "--network")
                .containsAll(options)) {
            System.err.println(
                    "usage: integration-tests/bench/run [--native] [--quick] [--cost | --bytes | --resume | --idle | --network]");
            System.exit(2);
        }
        if (options.contains("--native")) {
            System.setProperty("telepath.programs", "native");
        }
        var bench = new Bench(options.contains("--quick"), options.contains("--bytes"));
        boolean all = !options.contains("--bytes")
                && !options.contains("--cost")
                && !options.contains("--resume")
                && !options.contains("--idle")
                && !options.contains("--network");
        if (all || options.contains("--bytes")) {
            bench.run();
        }
        if (options.contains("--cost")) {
            bench.costs();
        }
        if (all || options.contains("--idle")) {
            bench.manyIdleStreams();
        }
        if (all || options.contains("--resume")) {
            bench.resumes();
        }
        if (options.contains("--network")) {
            new NetworkWays(options.contains("--quick")).run();
        }
        System.exit(0);
    }

    private void run() throws Exception {
        System.out.println((Program.isNative() ? "native" : "JVM") + " programs, "
                + Runtime.getRuntime().availableProcessors() + " cores; callers, services and programs share them");
        try (Installation telepath = Installation.temporary().init().heap("256m");
                SampleService laptop = SampleService.start(vertx, "laptop", 0)) {
            Running manager = telepath.startManager();
            telepath.connect().orFail();
            Running agent = engaged(telepath, "web", laptop.port());
            int idle = agent.port("port-http");
            Map<String, Long> programs = programs(telepath, manager, agent);
            warm(idle, laptop);

            if (!bytesOnly) {
                requests(laptop, idle);
                costs(telepath, laptop, idle, programs);
            }
            int older = older(telepath, laptop.port());
            throughput(telepath, laptop.port(), idle, older, programs);
            report.section("One stream where the client's network takes 20 ms there and back");
            try (var way = new LongWay(laptop.port())) {
                way.measure(quick ? 64L << 20 : 256L << 20).forEach(report::line);
            }
            if (bytesOnly) {
                return;
            }

            report.section("Memory for 1,000 idle streams, MiB");
            IdleStreams.measure(idle, 1_000, programs).forEach(report::line);

            report.section("An idle agent in the path");
            telepath.tp("leave", "web").orFail();
            compare(
                    "1 kept alive, not engaged",
                    n -> Load.http1(n, 1, quick ? 2_000 : 10_000, true, "laptop"),
                    laptop.port(),
                    idle);
            compare(
                    "50 kept alive, not engaged",
                    n -> Load.http1(n, 50, quick ? 40 : 200, true, "laptop"),
                    laptop.port(),
                    idle);

            report.section("Start of tp version, ms, median of " + (quick ? 5 : 11));
            starts();
        } finally {
            vertx.close();
        }
    }

    /** A workload that is intercepted, by whoever is connected. */
    static Running engaged(Installation telepath, String workload, int port, String... options) throws Exception {
        Running agent = telepath.startAgent(workload, port, options);
        telepath.awaitListed("dev", workload);
        telepath.tp("intercept", workload, "--port", port + ":http").orFail();
        awaitEngaged(agent);
        return agent;
    }

    private static Map<String, Long> programs(Installation telepath, Running manager, Running agent) {
        return Map.of("manager", manager.pid(), "agent", agent.pid(), "tp", daemon(telepath));
    }

    private void costs() throws Exception {
        try (Installation telepath = Installation.temporary().init().heap("256m");
                SampleService laptop = SampleService.start(vertx, "laptop", 0)) {
            Running manager = telepath.startManager();
            telepath.connect().orFail();
            Running agent = engaged(telepath, "web", laptop.port());
            Map<String, Long> programs = programs(telepath, manager, agent);
            costs(telepath, laptop, agent.port("port-http"), programs);
        } finally {
            vertx.close();
        }
    }

    private void resumes() throws Exception {
        report.section("An outage of 5 s of the client's network under open streams");
        try (var resumes = new Resumes()) {
            report.line("cold, of programs just started: " + resumes.measure(200));
            for (int streams : new int[] {1, 200, 2000}) {
                report.line(resumes.measure(streams));
            }
        }
    }

    /** A second workload, engaged by a client whose streams are of the older kind; its port. */
    private static int older(Installation telepath, int target) throws Exception {
        Running agent = telepath.startAgent("older", target);
        Path config = telepath.write(telepath.directory().resolve("older.yml"), "stream:\n  resumable: \"off\"\n");
        telepath.tpAs(
                        "older",
                        "--config",
                        config.toString(),
                        "connect",
                        "--manager",
                        telepath.managerAddress(),
                        "--token-file",
                        telepath.tokenFor("older", "1h").toString())
                .orFail();
        telepath.awaitListed("older", "older");
        telepath.tpAs("older", "intercept", "older", "--port", target + ":http").orFail();
        awaitEngaged(agent);
        return agent.port("port-http");
    }

    private void requests(SampleService laptop, int idle) {
        report.section("HTTP/1.1, requests through an intercept");
        for (int connections : new int[] {1, 50, 500, 1000}) {
            int each = (quick ? 2_000 : 10_000) / connections;
            compare(
                    connections + " kept alive",
                    n -> Load.http1(n, connections, Math.max(2, each), true, "laptop"),
                    laptop.port(),
                    idle);
        }
        for (int connections : new int[] {1, 50, 500, 1000}) {
            int each = (quick ? 1_000 : 4_000) / connections;
            compare(
                    connections + " at once, a new connection each",
                    n -> Load.http1(n, connections, Math.max(1, each), false, "laptop"),
                    laptop.port(),
                    idle);
        }
        report.section("HTTP/2");
        compare("1,000 streams of one connection", n -> Load.http2(vertx, n, 1000, "laptop"), laptop.port(), idle);
    }

    /** Of requests, beside an agent that gives each connection a link of its own. */
    private void costs(Installation telepath, SampleService laptop, int through, Map<String, Long> programs)
            throws Exception {
        Path config = telepath.write(
                telepath.directory().resolve("unkept.properties"), "telepath.agent.stream-idle-links=0\n");
        Running unkept = engaged(telepath, "unkept", laptop.port(), "--config", config.toString());
        Map<String, Long> others = new HashMap<>(programs);
        others.put("agent", unkept.pid());
        int beside = unkept.port("port-http");
        Running past = pastTheManager(telepath, laptop.port());
        Map<String, Long> without = new HashMap<>(programs);
        without.put("agent", past.pid());
        int pastPort = past.port("port-http");
        var cost = new RequestCost(quick);
        report.section("CPU time of each program for one request, µs, one after the other");
        report.line(cost.measure("one connection kept alive", through, programs, true, 1));
        report.line(cost.measure("a new connection each", through, programs, false, 1));
        report.line(cost.measure("the same, links not kept", beside, others, false, 1));
        report.line(cost.measure("kept alive, past the manager", pastPort, without, true, 1));
        report.line(cost.measure("a new one each, past the manager", pastPort, without, false, 1));
        report.section("The same, 50 at one time");
        report.line(cost.measure("50 connections kept alive", through, programs, true, 50));
        report.line(cost.measure("a new connection each", through, programs, false, 50));
        report.line(cost.measure("kept alive, past the manager", pastPort, without, true, 50));
        report.line(cost.measure("a new one each, past the manager", pastPort, without, false, 50));
        telepath.tp("leave", "unkept").orFail();
        telepath.tp("leave", "past").orFail();
    }

    /** A second workload, to whose agent tp connects itself. */
    private static Running pastTheManager(Installation telepath, int target) throws Exception {
        Running agent = engaged(telepath.direct(), "past", target);
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        String url = "http://127.0.0.1:" + agent.announced("http-port");
        while (Metrics.sum(Metrics.scrape(url), "telepath_direct_clients") < 1) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("tp did not connect to the agent\n" + agent.log());
            }
        }
        return agent;
    }

    private interface Run {
        Load.Report against(int port);
    }

    private void warm(int through, SampleService laptop) {
        Load.http1(through, 20, 100, true, "laptop");
        Load.http1(laptop.port(), 20, 100, true, "laptop");
    }

    private void compare(String what, Run run, int direct, int through) {
        Load.Report straight = run.against(direct);
        Load.Report ours = run.against(through);
        report.row(
                what,
                "%7.0f/s p50 %6.2f p99 %7.2f ms failed %d"
                        .formatted(
                                straight.perSecond(),
                                straight.quantileMillis(0.5),
                                straight.quantileMillis(0.99),
                                straight.failed()),
                "%7.0f/s p50 %6.2f p99 %7.2f ms failed %d"
                        .formatted(
                                ours.perSecond(), ours.quantileMillis(0.5), ours.quantileMillis(0.99), ours.failed()),
                ours.perSecond() / straight.perSecond());
    }

    private void throughput(Installation telepath, int direct, int through, int older, Map<String, Long> programs)
            throws Exception {
        report.section("Bytes of one and of 16 TCP streams; the plain proxy is two hops without framing or TLS");
        Running agent = pastTheManager(telepath, direct);
        Map<String, Long> pastPrograms = new HashMap<>(programs);
        pastPrograms.put("agent", agent.pid());
        try (Running second = PlainProxy.start("hop-2", telepath.directory(), direct);
                Running first = PlainProxy.start("hop-1", telepath.directory(), second.port("port"))) {
            Map<String, Long> hops = Map.of("hop-1", first.pid(), "hop-2", second.pid());
            for (int streams : new int[] {1, 16}) {
                long each = (quick ? 256L << 20 : 2048L << 20) / streams;
                Throughput straight = Throughput.measure(direct, streams, each, Map.of());
                Throughput plain = Throughput.measure(first.port("port"), streams, each, hops);
                Throughput ours = Throughput.measure(through, streams, each, programs);
                Throughput old = Throughput.measure(older, streams, each, Map.of());
                Throughput past = Throughput.measure(agent.port("port-http"), streams, each, pastPrograms);
                report.line(("%-32s direct %s%n%-32s plain  %s%n%-32s ours   %s%n%-32s older framing %s%n"
                                + "%-32s past the manager %s%n"
                                + "%-32s ratio to plain %.2f (past the manager %.2f), to direct %.2f, to the older framing %.2f")
                        .formatted(
                                streams == 1 ? "1 stream" : streams + " streams",
                                straight,
                                "",
                                plain,
                                "",
                                ours,
                                "",
                                old,
                                "",
                                past,
                                "",
                                ours.mibPerSecond() / plain.mibPerSecond(),
                                past.mibPerSecond() / plain.mibPerSecond(),
                                ours.mibPerSecond() / straight.mibPerSecond(),
                                ours.mibPerSecond() / old.mibPerSecond()));
            }
        }
    }

    /** On an installation of its own, whose heaps have room for them. */
    private void manyIdleStreams() throws Exception {
        report.section("Memory for 10,000 idle streams, MiB");
        try (Installation telepath = Installation.temporary().init().heap("512m");
                Running service = IdleStreams.service(telepath.directory())) {
            int port = service.port("port");
            Running manager = telepath.startManager();
            telepath.connect().orFail();
            Running agent = engaged(telepath, "web", port);
            Map<String, Long> programs = programs(telepath, manager, agent);
            int through = agent.port("port-http");
            Load.http1(through, 20, 100, true, "");
            IdleStreams.measure(through, 10_000, programs).forEach(report::line);
        }
    }

    private void starts() throws Exception {
        report.line("%-32s %.0f".formatted("JVM", medianStart(jvmVersion())));
        if (Files.exists(Program.TP.nativeExecutable())) {
            report.line("%-32s %.0f"
                    .formatted(
                            "native",
                            medianStart(List.of(Program.TP.nativeExecutable().toString(), "version"))));
        } else {
            report.line("native: not built (./mvnw package -Dnative -DskipTests)");
        }
    }

    private static List<String> jvmVersion() {
        return List.of(
                Program.java(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-jar",
                Program.root()
                        .resolve("client-native/target/quarkus-app/quarkus-run.jar")
                        .toString(),
                "version");
    }

    private double medianStart(List<String> command) throws Exception {
        int rounds = quick ? 5 : 11;
        double[] millis = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD);
            builder.environment().put("TELEPATH_HOME", System.getProperty("java.io.tmpdir") + "/telepath-bench-none");
            long start = System.nanoTime();
            builder.start().waitFor(30, TimeUnit.SECONDS);
            millis[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(millis);
        return millis[rounds / 2];
    }

    private static void awaitEngaged(Running agent) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        String url = "http://127.0.0.1:" + agent.announced("http-port");
        while (System.nanoTime() < end) {
            Http.once(agent.port("port-http"), "/");
            if (Metrics.scrape(url).entrySet().stream()
                    .anyMatch(e -> e.getKey().startsWith("telepath_connections_total")
                            && e.getKey().contains("divert")
                            && e.getValue() > 0)) {
                return;
            }
        }
        throw new IllegalStateException("the agent never diverted a connection");
    }

    /** The daemon's process id, from what tp status says. */
    static long daemon(Installation telepath) {
        String status = telepath.tp("status", "--output", "json").orFail().out();
        var matcher = java.util.regex.Pattern.compile("\"pid\"\\s*:\\s*(\\d+)").matcher(status);
        if (!matcher.find()) {
            throw new IllegalStateException("tp status names no pid: " + status);
        }
        return Long.parseLong(matcher.group(1));
    }

    private static final class Report {
        void section(String title) {
            System.out.println("\n" + title);
        }

        void row(String what, String direct, String ours, double ratio) {
            System.out.printf("%-32s direct %s%n%-32s ours   %s   ratio %.2f%n", what, direct, "", ours, ratio);
        }

        void line(String text) {
            System.out.println(text);
        }
    }
}
