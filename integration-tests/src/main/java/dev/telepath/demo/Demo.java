package dev.telepath.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Load;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import dev.telepath.harness.fault.FaultProxy;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Plays the main job on this machine and says what each step proves. Ends with 0 only if every step held.
 *
 * <p>{@code ./tp demo} starts it; options are those of {@link #USAGE}.
 */
public final class Demo {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String USAGE = """
            usage: ./tp demo [--script] [--keep] [--native]
              --script  plain lines, for CI
              --keep    stay up at the end and print where everything listens; Ctrl-C ends it
              --native  play it with the native executables (./mvnw package -Dnative builds them)""";

    private final Stage stage;
    private final Installation telepath;
    private final Vertx vertx = Vertx.vertx();
    private @Nullable FaultProxy network;

    private Demo(Stage stage, Installation telepath) {
        this.stage = stage;
        this.telepath = telepath;
    }

    public static void main(String[] arguments) throws Exception {
        Set<String> options = Set.of(arguments);
        if (!Set.of("--script", "--keep", "--native").containsAll(options)) {
            System.err.println(USAGE);
            System.exit(options.contains("--help") ? 0 : 2);
        }
        if (options.contains("--native")) {
            System.setProperty("telepath.programs", "native");
        }
        var stage = new Stage(
                options.contains("--script") || System.getenv("NO_COLOR") != null || System.console() == null);
        int exit;
        try (Installation telepath = Installation.temporary()) {
            exit = new Demo(stage, telepath).play(options.contains("--keep"));
        } catch (IllegalStateException failed) {
            stage.failed(String.valueOf(failed.getMessage()));
            exit = 1;
        }
        System.exit(exit);
    }

    private int play(boolean keep) throws Exception {
        try (SampleService workload = SampleService.start(vertx, "the workload", 0);
                SampleService laptop = SampleService.start(vertx, "your laptop", 0)) {
            stage.title("Telepath demo: a manager, an agent before a service, and tp, as separate processes");

            stage.step("Start", "manager init && manager serve; agent in front of the sample service");
            telepath.init();
            Running manager = telepath.startManager();
            Running agent = telepath.startAgent("web", workload.port());
            int web = agent.port("port-http");
            FaultProxy between = FaultProxy.before(telepath.managerPort());
            network = between;
            telepath.through("", between.address());
            stage.held("manager on " + manager.announced("manager-port") + ", web on " + web);

            stage.step("Idle", "callers of web reach the workload");
            expect(web, workload);

            stage.step("Connect", "tp connect; tp list");
            telepath.connect().orFail();
            await("web is in tp list", () -> telepath.tp("list").orFail().out().contains("web"));
            stage.held(telepath.tp("list").orFail().out().strip());

            stage.step("Intercept", "tp intercept web --port " + laptop.port());
            telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
            expect(web, laptop);

            stage.step("Load", "1,000 connections at once through the intercept, with and without keep-alive");
            load(Load.http1(web, 1000, 3, true, laptop.name()));
            load(Load.http1(web, 1000, 1, false, laptop.name()));

            stage.step("Load", "1,000 HTTP/2 streams at once on one connection");
            load(Load.http2(vertx, web, 1000, laptop.name()));

            stage.step(
                    "Manager dies",
                    "kill -9: callers of web are served by the workload, no request waits for a manager");
            manager.kill();
            expect(web, workload);

            stage.step("Manager is back", "the intercept comes back by itself");
            telepath.startManager();
            expect(web, laptop);

            survive(between);

            stage.step("Leave", "tp leave web: the traffic is the workload's again");
            telepath.tp("leave", "web").orFail();
            expect(web, workload);

            if (keep) {
                return keepUp(agent, workload, laptop);
            }
            stage.step("Quit", "tp quit: nothing is left");
            telepath.tp("quit", "-s").orFail();
            require("tp list says there is no connection", telepath.tp("list").exit() == 3);
            stage.held("daemon and socket are gone");
            stage.done();
            return 0;
        } finally {
            if (network != null) {
                network.close();
            }
            vertx.close();
        }
    }

    /** A download and an interactive stream stay open while the network goes, and the manager. */
    private void survive(FaultProxy network) throws Exception {
        try (var workload = ChecksummedServer.start();
                var laptop = ChecksummedServer.start()) {
            stage.step(
                    "Open streams",
                    "a download and an interactive stream through a second intercept, tp intercept data");
            int data = telepath.startAgent("data", workload.port()).port("port-http");
            await("data is in tp list", () -> telepath.tp("list").orFail().out().contains("data"));
            telepath.tp("intercept", "data", "--port", laptop.port() + ":http").orFail();
            try (var streams = OpenStreams.through(data, laptop)) {
                await("bytes arrive", () -> streams.arrived() > 0);
                stage.held("open, " + laptop.open() + " connections at your laptop");

                stage.step("Network dies", "the laptop is cut off for 3 s");
                CompletableFuture<Void> back = network.outage(Duration.ofSeconds(3));
                await(
                        "tp status says suspended",
                        () -> status("connection", "state").matches("suspended|connecting"));
                stage.held("tp status: " + status("connection", "state") + ", " + status("streams", "suspended")
                        + " streams wait");
                back.join();
                resumed(streams);

                stage.step("Manager dies again", "kill -9 under the open streams, and a new one");
                telepath.manager().kill();
                telepath.startManager();
                resumed(streams);

                stage.step("Both ends compare", "every byte of both streams, at both ends");
                stage.held(streams.whole());
            }
            telepath.tp("leave", "data").orFail();
        }
    }

    private void resumed(OpenStreams streams) {
        long began = System.nanoTime();
        long before = streams.arrived();
        await("bytes arrive again", () -> streams.arrived() > before + 100_000);
        long millis = (System.nanoTime() - began) / 1_000_000;
        require("both streams are still open", streams.open());
        await("no stream is suspended", () -> status("streams", "suspended").equals("0"));
        stage.held("resumed " + millis + " ms later, both streams still open");
    }

    private String status(String part, String field) {
        try {
            return JSON.readTree(
                            telepath.tp("status", "--output", "json").orFail().out())
                    .path(part)
                    .path(field)
                    .asText();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("tp status printed no JSON", e);
        }
    }

    private int keepUp(Running agent, SampleService workload, SampleService laptop) throws InterruptedException {
        var interrupted = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            interrupted.countDown();
            telepath.close();
        }));
        System.out.println("manager=" + telepath.managerAddress());
        System.out.println("web=127.0.0.1:" + agent.announced("port-http"));
        System.out.println("workload=127.0.0.1:" + workload.port());
        System.out.println("laptop=127.0.0.1:" + laptop.port());
        System.out.println("agent-http=127.0.0.1:" + agent.announced("http-port"));
        System.out.println("token-file=" + telepath.tokenFile("client-token"));
        System.out.println("TELEPATH_HOME=" + telepath.home("dev"));
        System.out.flush();
        interrupted.await();
        return 0;
    }

    private void expect(int web, SampleService answers) {
        await(
                "callers of web reach " + answers.name(),
                () -> Http.once(web, "/").contains(answers.name()));
        stage.held("GET / -> hello from " + answers.name());
    }

    private void load(Load.Report report) {
        require(report.toString(), report.failed() == 0);
        stage.held(report.toString());
    }

    private static void require(String what, boolean held) {
        if (!held) {
            throw new IllegalStateException("did not hold: " + what);
        }
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void await(String what, Condition condition) {
        long end = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        String last = "";
        while (System.nanoTime() < end) {
            try {
                if (condition.holds()) {
                    return;
                }
                last = "";
            } catch (IOException e) {
                last = " (" + e + ")";
            }
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
        throw new IllegalStateException("did not hold within 40 s: " + what + last);
    }

    /** What the watcher sees. */
    private record Stage(boolean plain) {
        void title(String text) {
            System.out.println(plain ? text : "\u001b[1m" + text + "\u001b[0m");
        }

        void step(String name, String what) {
            System.out.println(plain ? "step " + name + ": " + what : "\n\u001b[1m" + name + "\u001b[0m  " + what);
        }

        void held(String proof) {
            for (String line : List.of(proof.split("\n"))) {
                System.out.println(plain ? "  ok " + line : "  \u001b[32m✓\u001b[0m " + line);
            }
        }

        void failed(String why) {
            System.out.println(plain ? "FAILED " + why : "\n\u001b[31m✗ " + why + "\u001b[0m");
        }

        void done() {
            System.out.println(plain ? "every step held" : "\n\u001b[1mEvery step held.\u001b[0m");
        }
    }
}
