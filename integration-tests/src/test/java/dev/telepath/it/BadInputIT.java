package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes wrong at a user's hands or a peer's: a clear line each, nothing lost, nothing left behind. */
@Timeout(120)
class BadInputIT {
    private static final Vertx VERTX = Vertx.vertx();
    private static Installation telepath;
    private static SampleService workload;
    private static SampleService laptop;
    private static Running manager;
    private static Running agent;
    private static int legacy;
    private static int web;

    @BeforeAll
    static void install() {
        telepath = Installation.temporary().init();
        manager = telepath.startManager("--legacy-port", "0");
        legacy = manager.port("legacy-port");
        workload = SampleService.start(VERTX, "workload", 0);
        laptop = SampleService.start(VERTX, "laptop", 0);
        agent = telepath.startAgent("web", workload.port(), "--api-port", "0");
        web = agent.port("port-http");
        telepath.connect().orFail();
    }

    @AfterAll
    static void end() {
        telepath.close();
        workload.close();
        laptop.close();
        VERTX.close();
    }

    /** One or two lines on standard error, no stack trace, and the documented exit code. */
    private static void clearError(Result result, int exit, String... words) {
        assertThat(result.exit()).as(result.all()).isEqualTo(exit);
        // Progress lines end in dots; what remains is the error and what to do next.
        long lines = result.err()
                .strip()
                .lines()
                .filter(line -> !line.endsWith("..."))
                .count();
        assertThat(lines).as(result.err()).isBetween(1L, 2L);
        assertThat(result.all()).doesNotContain("Exception").doesNotContain("\tat ");
        assertThat(result.err().toLowerCase(java.util.Locale.ROOT)).contains(words);
    }

    private static void everythingStillWorks() throws IOException {
        assertThat(manager.isAlive()).isTrue();
        assertThat(agent.isAlive()).isTrue();
        assertThat(Http.once(web, "/")).startsWith("hello from");
        telepath.tp("list").orFail();
    }

    @Test
    void anUnknownWorkloadIsNamedWithThoseThatExist() {
        clearError(telepath.tp("intercept", "wbe", "--port", "1"), 6, "wbe", "web");
    }

    @Test
    void aProcessBesideItsAgentCannotBeReplacedAndTheWayOutIsNamed() {
        clearError(
                telepath.tp("replace", "web", "--port", laptop.port() + ":http"),
                1,
                "the agent of web runs beside a process that it cannot stop",
                "tp intercept");
        assertThat(telepath.tp("list").orFail().out()).doesNotContain("replaced");
    }

    @Test
    void anUnknownPortOfAWorkloadIsNamedWithThoseThatExist() {
        Result result = telepath.tp("intercept", "web", "--port", laptop.port() + ":4242");
        assertThat(result.exit()).isIn(1, 6);
        assertThat(result.err()).contains("4242").contains("http");
    }

    @Test
    void usageErrorsExitWithTwo() {
        assertThat(telepath.tp("intercept", "web", "--port", "notaport").exit()).isEqualTo(2);
        assertThat(telepath.tp("nonsense").exit()).isEqualTo(2);
        assertThat(telepath.tp("intercept").exit()).isEqualTo(2);
        assertThat(telepath.tp("list", "--output", "xml").exit()).isEqualTo(2);
    }

    @Test
    void aPortInUseEndsTheStartWithOneLine() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<String> command = new ArrayList<>(Program.AGENT.command("128m"));
            command.addAll(List.of(
                    "--manager",
                    telepath.managerAddress(),
                    "--token-file",
                    telepath.tokenFile("agent-token").toString(),
                    "--name",
                    "other",
                    "--namespace",
                    "default",
                    "--port",
                    taken.getLocalPort() + "=127.0.0.1:1:http"));
            Result result = telepath.runCommand(command, Map.of(), Duration.ofSeconds(60));
            assertThat(result.exit()).as(result.all()).isEqualTo(1);
            assertThat(result.err())
                    .contains(String.valueOf(taken.getLocalPort()))
                    .contains("in use");
            assertThat(result.err()).doesNotContain("\tat ");

            Result second = telepath.run(
                    Program.MANAGER,
                    Map.of(),
                    "serve",
                    "--data-dir",
                    telepath.directory().resolve("manager").toString(),
                    "--host",
                    "127.0.0.1",
                    "--port",
                    String.valueOf(taken.getLocalPort()));
            assertThat(second.exit()).as(second.all()).isEqualTo(1);
            assertThat(second.err()).contains(String.valueOf(taken.getLocalPort()));

            Result proxy = telepath.tpAs(
                    "proxyuser",
                    "connect",
                    "--manager",
                    telepath.managerAddress(),
                    "--token-file",
                    telepath.tokenFile("client-token").toString(),
                    "--proxy-port",
                    String.valueOf(taken.getLocalPort()));
            clearError(proxy, 7, "in use");
            assertThat(telepath.tpAs("proxyuser", "list").exit()).isEqualTo(3);
        }
    }

    @Test
    void aWrongTokenSaysWhereToGetARightOne() {
        Path wrong = telepath.write(telepath.directory().resolve("wrong-token"), "not a token\n");
        clearError(
                telepath.tpAs(
                        "w1", "connect", "--manager", telepath.managerAddress(), "--token-file", wrong.toString()),
                5,
                "token");
        Path missing = telepath.directory().resolve("no-such-token");
        clearError(
                telepath.tpAs(
                        "w1", "connect", "--manager", telepath.managerAddress(), "--token-file", missing.toString()),
                5,
                "no-such-token");
        Path agents = telepath.tokenFile("agent-token");
        clearError(
                telepath.tpAs(
                        "w1", "connect", "--manager", telepath.managerAddress(), "--token-file", agents.toString()),
                5,
                "agent");
    }

    @Test
    void aManagerThatIsNotThereIsUnreachable() throws Exception {
        int nobody;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = free.getLocalPort();
        }
        clearError(
                telepath.tpAs(
                        "n1",
                        "connect",
                        "--manager",
                        "127.0.0.1:" + nobody,
                        "--token-file",
                        telepath.tokenFile("client-token").toString()),
                4,
                String.valueOf(nobody));
        clearError(
                telepath.tpAs(
                        "n1",
                        "connect",
                        "--manager",
                        "no.such.host.invalid:1",
                        "--token-file",
                        telepath.tokenFile("client-token").toString()),
                4,
                "no.such.host.invalid");
    }

    @Test
    void aServerOfAnotherKindIsToldFromAManager() {
        clearError(
                telepath.tpAs(
                        "k1",
                        "connect",
                        "--manager",
                        "127.0.0.1:" + laptop.port(),
                        "--token-file",
                        telepath.tokenFile("client-token").toString()),
                4,
                String.valueOf(laptop.port()));
        clearError(
                telepath.tpAs("k1", "connect", "--manager", "http://127.0.0.1:" + laptop.port()),
                4,
                String.valueOf(laptop.port()));
    }

    @Test
    void aCrashedDaemonsSocketIsReplaced() throws Exception {
        telepath.tpAs(
                        "crash",
                        "connect",
                        "--manager",
                        telepath.managerAddress(),
                        "--token-file",
                        telepath.tokenFor("crash", "1h").toString())
                .orFail();
        String status =
                telepath.tpAs("crash", "status", "--output", "json").orFail().out();
        var pid = java.util.regex.Pattern.compile("\"pid\"\\s*:\\s*(\\d+)").matcher(status);
        assertThat(pid.find()).isTrue();
        ProcessHandle daemon = ProcessHandle.of(Long.parseLong(pid.group(1))).orElseThrow();
        daemon.destroyForcibly();
        daemon.onExit().get(10, TimeUnit.SECONDS);
        assertThat(telepath.tpAs("crash", "list").exit()).isEqualTo(3);
        telepath.tpAs(
                        "crash",
                        "connect",
                        "--manager",
                        telepath.managerAddress(),
                        "--token-file",
                        telepath.directory().resolve("crash-token").toString())
                .orFail();
        telepath.tpAs("crash", "list").orFail();
    }

    @Test
    void garbageOnEveryPortHarmsNothing() throws Exception {
        var random = new SplittableRandom(42);
        int[] ports = {
            Integer.parseInt(manager.announced("manager-port")), legacy, agent.port("api-port"), agent.port("http-port")
        };
        for (int port : ports) {
            for (int i = 0; i < 20; i++) {
                try (Socket socket = new Socket("127.0.0.1", port)) {
                    byte[] garbage = new byte[1 + random.nextInt(5000)];
                    random.nextBytes(garbage);
                    socket.getOutputStream().write(garbage);
                    socket.shutdownOutput();
                    socket.setSoTimeout(300);
                    socket.getInputStream().read();
                } catch (IOException refused) {
                    // As it should be.
                }
            }
            // A preface, then a frame that claims to be 16 MiB.
            try (Socket socket = new Socket("127.0.0.1", port)) {
                socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes());
                socket.getOutputStream().write(new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, 0, 0, 0, 0, 0, 1});
                socket.getOutputStream().write(new byte[64 * 1024]);
            } catch (IOException refused) {
                // As it should be.
            }
        }
        everythingStillWorks();
    }

    private static Status tunnelWith(int port, ByteString payload) throws Exception {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        try {
            var ended = new CompletableFuture<Status>();
            StreamObserver<TunnelMessage> call = ManagerGrpc.newStub(channel).tunnel(new StreamObserver<>() {
                @Override
                public void onNext(TunnelMessage value) {}

                @Override
                public void onError(Throwable cause) {
                    ended.complete(((StatusRuntimeException) cause).getStatus());
                }

                @Override
                public void onCompleted() {
                    ended.complete(Status.OK);
                }
            });
            call.onNext(TunnelMessage.newBuilder().setPayload(payload).build());
            return ended.get(20, TimeUnit.SECONDS);
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void malformedAndOversizedFramesAreRefused() throws Exception {
        assertThat(tunnelWith(legacy, ByteString.EMPTY).getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(tunnelWith(legacy, ByteString.copyFrom(new byte[] {1, 2})).getCode())
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(tunnelWith(legacy, ByteString.copyFrom(new byte[] {0, 7, 7})).getCode())
                .isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(tunnelWith(legacy, ByteString.copyFrom(new byte[5 * 1024 * 1024]))
                        .getCode())
                .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        everythingStillWorks();
    }

    @Test
    void aLocalProcessThatRefusesIsSeenByCallerAndUser() throws Exception {
        int nobody;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = free.getLocalPort();
        }
        telepath.tp("intercept", "web", "--port", nobody + ":http").orFail();
        try {
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(
                            () -> assertThatThrownBy(() -> Http.once(web, "/")).isInstanceOf(IOException.class));
            assertThat(telepath.tp("status").orFail().out()).contains("refused");
        } finally {
            telepath.tp("leave", "web").orFail();
        }
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
    }

    @Test
    void aLocalProcessThatStallsOrClosesHalfWayHarmsOnlyItsCaller() throws Exception {
        try (var local = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            telepath.tp("intercept", "web", "--port", local.getLocalPort() + ":http")
                    .orFail();
            Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        Socket accepted = local.accept();
                        Thread.ofVirtual().start(() -> halfAnAnswer(accepted));
                    }
                } catch (IOException closed) {
                    // The test is over.
                }
            });
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(
                            () -> assertThatThrownBy(() -> Http.once(web, "/")).isInstanceOf(IOException.class));
            try (Socket stalled = new Socket("127.0.0.1", web)) {
                stalled.getOutputStream().write("GET /stall HTTP/1.1\r\nHost: x\r\n\r\n".getBytes());
                telepath.tp("leave", "web").orFail();
                await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
            }
        } finally {
            telepath.tp("leave", "web");
        }
    }

    /** Half an answer and the end of the connection; nothing at all when it is asked to stall. */
    private static void halfAnAnswer(Socket accepted) {
        try {
            byte[] head = accepted.getInputStream().readNBytes("GET /stall".length());
            if (!new String(head).endsWith("/stall")) {
                accepted.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".getBytes());
                accepted.close();
            }
        } catch (IOException gone) {
            // The caller has left.
        }
    }

    @Test
    void aConfigFileIsCheckedKeyByKey() {
        Path config = telepath.write(
                telepath.directory().resolve("bad.yml"), "timeouts:\n  intercept: 30s\n  intrecept: 4s\n");
        clearError(telepath.tp("--config", config.toString(), "config", "view"), 2, "intrecept", "bad.yml");
        Path wrongType = telepath.write(telepath.directory().resolve("type.yml"), "timeouts:\n  intercept: soon\n");
        clearError(telepath.tp("--config", wrongType.toString(), "config", "view"), 2, "soon", "intercept");

        Path managers = telepath.write(telepath.directory().resolve("manager.properties"), "telepath.manager.prot=1\n");
        Result unknown = telepath.run(
                Program.MANAGER,
                Map.of(),
                "serve",
                "--data-dir",
                telepath.directory().resolve("m2").toString(),
                "--port",
                "0",
                "--config",
                managers.toString());
        assertThat(unknown.exit()).as(unknown.all()).isEqualTo(2);
        assertThat(unknown.err()).contains("prot").doesNotContain("\tat ");

        Path agents =
                telepath.write(telepath.directory().resolve("agent.properties"), "telepath.agent.http-port=many\n");
        Result type = telepath.run(
                Program.AGENT,
                Map.of(),
                "--manager",
                telepath.managerAddress(),
                "--token-file",
                telepath.tokenFile("agent-token").toString(),
                "--name",
                "x",
                "--port",
                "0=127.0.0.1:1:http",
                "--config",
                agents.toString());
        assertThat(type.exit()).as(type.all()).isEqualTo(2);
        assertThat(type.err()).contains("http-port").doesNotContain("\tat ");
    }

    @Test
    void aFullDiskIsToldAndStopsNothing() throws Exception {
        Path small = Files.createDirectories(telepath.directory().resolve("small"));
        Result mounted = telepath.runCommand(
                List.of("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", small.toString()),
                Map.of(),
                Duration.ofSeconds(10));
        if (mounted.exit() == 0) {
            try {
                fill(small.resolve("rest"));
                Path zip = small.resolve("logs.zip");
                clearError(telepath.tp("gather-logs", "--output-file", zip.toString()), 1, "no space", "logs.zip");
                assertThat(zip).as("half a bundle").doesNotExist();
            } finally {
                telepath.runCommand(List.of("umount", small.toString()), Map.of(), Duration.ofSeconds(10));
            }
        } else {
            System.out.println("SKIPPED the full disk of gather-logs: mounting a small file system needs root");
        }
        // A daemon whose log goes to a full disk goes on.
        Path home = telepath.home("full");
        Files.createDirectories(home.resolve("logs"));
        Files.createSymbolicLink(home.resolve("logs").resolve("daemon.log"), Path.of("/dev/full"));
        telepath.tpAs(
                        "full",
                        "connect",
                        "--manager",
                        telepath.managerAddress(),
                        "--token-file",
                        telepath.tokenFor("full", "1h").toString())
                .orFail();
        telepath.tpAs("full", "list").orFail();
        telepath.tpAs("full", "quit", "-s").orFail();
    }

    private static void fill(Path file) {
        try (var out = Files.newOutputStream(file)) {
            while (true) {
                out.write(new byte[1024]);
            }
        } catch (IOException full) {
            // As intended.
        }
    }

    @Test
    void interruptLeavesNothingBehindAtAnyStep() throws Exception {
        interrupted(130, "intercept", "web", "--port", laptop.port() + ":http", "--", "sleep", "60");
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
        assertThat(telepath.tp("list", "-i").orFail().out()).doesNotContain("intercepted");
        everythingStillWorks();
    }

    @Test
    void interruptOfAConnectThatHangsLeavesNoConnection() throws Exception {
        try (var silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            List<String> command = interruptible();
            command.addAll(List.of("connect", "--manager", "http://127.0.0.1:" + silent.getLocalPort()));
            Running tp = telepath.start("hanging", command, telepath.tpEnvironment("hanging"));
            try (Socket reached = silent.accept()) {
                new ProcessBuilder("kill", "-INT", String.valueOf(tp.pid()))
                        .start()
                        .waitFor();
                assertThat(tp.awaitEnd(Duration.ofSeconds(20))).isEqualTo(130);
                assertThat(reached.isConnected()).isTrue();
            }
            await().untilAsserted(() ->
                    assertThat(telepath.tpAs("hanging", "list").exit()).isEqualTo(3));
        }
    }

    /** Whoever runs the suite in the background of a shell lets it inherit that SIGINT is ignored. */
    private static List<String> interruptible() {
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
        command.addAll(Program.TP.command("128m"));
        return command;
    }

    private static void interrupted(int exit, String... arguments) throws Exception {
        List<String> command = interruptible();
        command.addAll(List.of(arguments));
        Running tp = telepath.start("interrupted", command, telepath.tpEnvironment("dev"));
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
        new ProcessBuilder("kill", "-INT", String.valueOf(tp.pid())).start().waitFor();
        assertThat(tp.awaitEnd(Duration.ofSeconds(20))).isEqualTo(exit);
    }

    @Test
    void memoryOfTheManagerDoesNotGrowWithRefusedInput() throws Exception {
        long before = Metrics.residentKib(manager.pid());
        for (int i = 0; i < 20; i++) {
            tunnelWith(legacy, ByteString.copyFrom(new byte[5 * 1024 * 1024]));
        }
        assertThat(Metrics.residentKib(manager.pid()) - before).isLessThan(96 * 1024);
    }
}
