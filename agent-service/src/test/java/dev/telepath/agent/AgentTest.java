package dev.telepath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.telepath.agent.attach.Attachment;
import dev.telepath.agent.settings.TestSettings;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.stream.StreamFailure;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Multi;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The agent's promises, on real sockets. */
@Timeout(60)
class AgentTest {
    private static final Set<String> OF_2_16 =
            Set.of("ReportMetrics", "WatchInterceptsDelta", "ReconnectAgent", "Exchange", "Offer");

    private static void attached(AgentRig rig) {
        await().untilAsserted(() -> assertThat(rig.agent.connection()).isEqualTo(Attachment.State.ATTACHED));
    }

    private static void diverted(AgentRig rig) {
        await().untilAsserted(() -> assertThat(rig.ask("x")).isEqualTo("local:x local:bye"));
    }

    private static void allEnded(AgentRig rig) {
        await().untilAsserted(() -> {
            assertThat(rig.gauge("telepath.streams.open")).isZero();
            assertThat(rig.agent.openConnections()).isZero();
            assertThat(rig.gauge("telepath.credit.in.use.bytes")).isZero();
        });
    }

    @Test
    void forwardsUntouchedWithNoManagerAtAll() throws IOException {
        try (var workload = new LineServer("workload");
                var agent = Agent.start(
                        TestSettings.of("http://127.0.0.1:1", "0=127.0.0.1:" + workload.port(), Map.of()),
                        Map.of(),
                        new SimpleMeterRegistry(),
                        Optional.empty(),
                        "0.1.0")) {
            assertThat(LineServer.ask(agent.fronts().getFirst().actual().port(), "hello"))
                    .isEqualTo("workload:hello workload:bye");
        }
    }

    @Test
    void divertsWhileEngagedAndForwardsBeforeAndAfter() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            assertThat(rig.ask("one")).isEqualTo("workload:one workload:bye");
            rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
            diverted(rig);
            var review = rig.manager.reviews.getFirst();
            assertThat(review.getDisposition()).isEqualTo(InterceptDispositionType.ACTIVE);
            assertThat(review.getEnvironmentMap()).containsEntry("LENT", "value");
            assertThat(review.getPodIp()).isEqualTo("127.0.0.1");
            rig.manager.remove("i");
            await().untilAsserted(() -> assertThat(rig.ask("x")).startsWith("workload:x"));
            allEnded(rig);
        }
    }

    @Test
    void aManagerOfTheOlderKindCostsOneCallForEachMissingMethodAndNothingElse() throws IOException {
        try (var rig = new AgentRig(OF_2_16)) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
            diverted(rig);
            int askedOnce = rig.manager.unimplemented.get();
            for (int i = 0; i < 5; i++) {
                assertThat(rig.ask("y")).startsWith("local:y");
                int remains = rig.manager.remains.get();
                await().until(() -> rig.manager.remains.get() > remains);
            }
            // ReportMetrics may have been tried only after the first traffic.
            assertThat(rig.manager.unimplemented.get()).isLessThanOrEqualTo(Math.max(askedOnce, 4));
            assertThat(rig.counter("telepath.capability.unsupported", "capability", "report-metrics"))
                    .isEqualTo(1);
            assertThat(rig.counter("telepath.report.failures")).isZero();
            assertThat(rig.agent.connection()).isEqualTo(Attachment.State.ATTACHED);
        }
    }

    @Test
    void trafficIsReportedPerClientNotPerConnection() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
            diverted(rig);
            await().untilAsserted(() -> assertThat(rig.manager.reports).isNotEmpty());
            assertThat(rig.manager.reports).allSatisfy(report -> {
                assertThat(report.getClientSessionId()).isEqualTo("client-i");
                assertThat(report.getIngressBytes() + report.getEgressBytes()).isPositive();
            });
        }
    }

    @Test
    void fallsBackToTheWorkloadWhenTheClientIsGoneAndDivertsAgainWhenItIsBack() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
            diverted(rig);
            rig.manager.clientThere = false;
            assertThat(rig.ask("kept")).isEqualTo("workload:kept workload:bye");
            assertThat(rig.counter("telepath.fallback", "cause", "lost")).isEqualTo(1);
            rig.manager.clientThere = true;
            diverted(rig);
            allEnded(rig);
        }
    }

    @Test
    void aManagerThatRelaysNoDialsIsNeverAskedToAndTheWorkloadServes() throws IOException {
        try (var rig = new AgentRig(Set.of("WatchDial"))) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
            await().until(() -> rig.agent.engagedPorts() == 1);
            assertThat(rig.ask("x")).isEqualTo("workload:x workload:bye");
            assertThat(rig.local.accepted).hasValue(0);
        }
    }

    @Test
    void aLocalProcessThatRefusesResetsTheConnection() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            int nobody = new LineServerPort().free();
            rig.manager.put(FakeManager.waiting("i", nobody, false));
            await().untilAsserted(() -> assertThatThrownBy(() -> rig.ask("x")).isInstanceOf(IOException.class));
            assertThat(rig.counter("telepath.fallback", "cause", "refused")).isZero();
            allEnded(rig);
        }
    }

    @Test
    void keepsEngagementsOverARestartOfTheManagerAndForwardsMeanwhile() throws Exception {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
            diverted(rig);
            rig.manager.stop();
            await().untilAsserted(() -> assertThat(rig.ask("away")).startsWith("workload:away"));
            rig.manager.restart();
            diverted(rig);
            assertThat(rig.manager.reconnects).isNotEmpty();
            assertThat(rig.manager.arrivals).hasSize(1);
        }
    }

    @Test
    void engagementsEndWhenTheManagerStaysAwayLongerThanTheGrace() throws Exception {
        try (var rig = new AgentRig(Set.of(), Map.of("engagement-grace", "200ms"))) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
            diverted(rig);
            rig.manager.stop();
            await().untilAsserted(() -> assertThat(rig.ask("x")).startsWith("workload"));
            await().untilAsserted(() -> {
                double before = rig.counter("telepath.fallback", "cause", "lost");
                rig.ask("x");
                assertThat(rig.counter("telepath.fallback", "cause", "lost")).isEqualTo(before);
            });
        }
    }

    @Test
    void arrivesAgainWhenItsSessionIsUnknown() throws IOException {
        try (var rig = new AgentRig(Set.of("ReconnectAgent"))) {
            attached(rig);
            rig.manager.sessionKnown = false;
            await().untilAsserted(() -> assertThat(rig.manager.arrivals).hasSizeGreaterThan(1));
            attached(rig);
            assertThat(rig.counter("telepath.reconnects", "cause", "session-unknown"))
                    .isEqualTo(1);
        }
    }

    @Test
    void aLostSessionLeavesNoWatchOpen() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            await().until(() -> rig.manager.dialWatches() == 1);
            rig.manager.endWatches();
            await().until(() -> rig.manager.attempts.get() >= 2);
            attached(rig);
            await().during(Duration.ofMillis(300)).until(() -> rig.manager.dialWatches() == 1);
        }
    }

    @Test
    void watchesThatEndAtOnceDoNotMakeAHotLoop() throws IOException {
        try (var rig = new AgentRig(Set.of(), Map.of("reconnect-stable", "1h", "reconnect-first", "50ms"))) {
            attached(rig);
            long began = System.nanoTime();
            while (System.nanoTime() - began < Duration.ofSeconds(1).toNanos()) {
                rig.manager.endWatches();
                attached(rig);
            }
            assertThat(rig.manager.attempts.get()).isLessThan(60);
        }
    }

    @Test
    void aDeniedTokenIsTriedSlowly() throws IOException {
        try (var rig = new AgentRig(Set.of(), Map.of("reconnect-denied", "1h"))) {
            attached(rig);
            rig.manager.denied = Status.UNAUTHENTICATED;
            // Once for the session, once more because the token file was read again.
            await().untilAsserted(() -> assertThat(rig.counter("telepath.reconnects", "cause", "credentials"))
                    .isEqualTo(2));
            int attempts = rig.manager.attempts.get();
            assertThat(rig.ask("x")).startsWith("workload:x");
            await().during(Duration.ofMillis(500)).until(() -> rig.manager.attempts.get() == attempts);
        }
    }

    @Test
    void aTokenFileThatIsWrittenAgainEndsTheWaitAfterADeniedOne(@TempDir Path folder) throws IOException {
        Path token = Files.writeString(folder.resolve("token"), "not read by a manager in clear text");
        try (var rig = new AgentRig(
                Set.of(), Map.of("reconnect-denied", "1h", "network-poll", "10ms", "token-file", token.toString()))) {
            attached(rig);
            rig.manager.denied = Status.UNAUTHENTICATED;
            await().untilAsserted(() -> assertThat(rig.counter("telepath.reconnects", "cause", "credentials"))
                    .isEqualTo(2));
            rig.manager.denied = Status.OK;
            Files.setLastModifiedTime(token, FileTime.fromMillis(1_000_000));
            attached(rig);
        }
    }

    @Test
    void somethingElseOnTheManagersPortIsToldAsSuch() throws IOException {
        try (var other = new LineServer("no manager");
                var workload = new LineServer("workload")) {
            var metrics = new SimpleMeterRegistry();
            try (var agent = Agent.start(
                    TestSettings.of("http://127.0.0.1:" + other.port(), "0=127.0.0.1:" + workload.port(), Map.of()),
                    Map.of(),
                    metrics,
                    Optional.empty(),
                    "0.1.0")) {
                await().untilAsserted(() -> assertThat(metrics.find("telepath.reconnects")
                                .tag("cause", "wrong-server")
                                .counter())
                        .isNotNull());
                assertThat(LineServer.ask(agent.fronts().getFirst().actual().port(), "x"))
                        .startsWith("workload:x");
            }
        }
    }

    @Test
    void aPortInUseFailsTheStartWithOneLine() throws IOException {
        try (var taken = new LineServer("taken")) {
            var settings = TestSettings.of("http://127.0.0.1:1", taken.port() + "=127.0.0.1:1", Map.of());
            assertThatThrownBy(
                            () -> Agent.start(settings, Map.of(), new SimpleMeterRegistry(), Optional.empty(), "0.1.0"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot listen on 127.0.0.1:" + taken.port())
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void anUnreachableWorkloadResetsOnlyThatConnection() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            rig.workload.close();
            // A close wakes the accepting thread first; until then the kernel still takes a connection, and resets it.
            await().untilAsserted(() -> {
                assertThatThrownBy(() -> rig.ask("x")).isInstanceOf(IOException.class);
                assertThat(rig.counter("telepath.streams", "kind", "forward", "result", "refused"))
                        .isGreaterThanOrEqualTo(2);
            });
        }
    }

    @Test
    void wiretapCopiesWhatClientsSendAndTheWorkloadAnswers() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("t", rig.local.port(), true));
            await().untilAsserted(() -> {
                assertThat(rig.ask("tapped")).isEqualTo("workload:tapped workload:bye");
                assertThat(rig.local.lines).contains("tapped");
            });
            allEnded(rig);
        }
    }

    @Test
    void aThousandConnectionsAtOnceAreDivertedAndNoneFails() throws Exception {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
            diverted(rig);
            assertManyAnswered(rig, "local");
            allEnded(rig);
        }
    }

    @Test
    void aThousandConnectionsAtOnceAreForwardedAndNoneFails() throws Exception {
        try (var rig = new AgentRig(Set.of())) {
            assertManyAnswered(rig, "workload");
            allEnded(rig);
        }
    }

    /** All are open before the first one is used. */
    private static void assertManyAnswered(AgentRig rig, String by) throws Exception {
        var sockets = new ArrayList<Socket>();
        try (ExecutorService users = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 1000; i++) {
                sockets.add(new Socket(InetAddress.getLoopbackAddress(), rig.port()));
            }
            var answers = new ArrayList<Future<String>>();
            for (int i = 0; i < sockets.size(); i++) {
                Socket socket = sockets.get(i);
                String line = "n" + i + "\n";
                answers.add(users.submit(() -> {
                    socket.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
                    socket.shutdownOutput();
                    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                }));
            }
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get(40, TimeUnit.SECONDS)).isEqualTo(by + ":n" + i + "\n" + by + ":bye\n");
            }
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void dialsOnAClientsBehalfAndRefusesAtOnce() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            var source = new InetSocketAddress(InetAddress.getLoopbackAddress(), 40000);
            var id = ConnectionId.of(
                    Protocol.TCP, source, new InetSocketAddress(InetAddress.getLoopbackAddress(), rig.workload.port()));
            await().untilAsserted(() -> assertThat(rig.manager.dial(id)).succeedsWithin(Duration.ofMillis(200)));
            var call = rig.manager.dial(id).orTimeout(5, TimeUnit.SECONDS).join();
            List<Frame> answers = new CopyOnWriteArrayList<>();
            call.receive().subscribe().with(answers::add);
            call.send(Multi.createFrom().item(new Frame.Data(com.google.protobuf.ByteString.copyFromUtf8("hi\n"))));
            await().untilAsserted(() -> assertThat(answers).hasSizeGreaterThan(1));
            assertThat(answers.getFirst()).isInstanceOf(Frame.DialOk.class);

            int nobody = new LineServerPort().free();
            var refused = ConnectionId.of(
                    Protocol.TCP, source, new InetSocketAddress(InetAddress.getLoopbackAddress(), nobody));
            var rejected =
                    rig.manager.dial(refused).orTimeout(5, TimeUnit.SECONDS).join();
            assertThat(rejected.dialled().toCompletableFuture())
                    .failsWithin(Duration.ofSeconds(5))
                    .withThrowableOfType(java.util.concurrent.ExecutionException.class)
                    .withCauseInstanceOf(StreamFailure.DialRefused.class);
        }
    }

    @Test
    void looksNamesUpForClients() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            await().untilAsserted(() -> {
                rig.manager.lookUp("localhost.", 1);
                assertThat(rig.manager.names).isNotEmpty();
            });
            assertThat(rig.manager.names.getFirst().getResponse().getRrs().size())
                    .isPositive();
            assertThat(rig.manager.names.getFirst().getRequest().getName()).isEqualTo("localhost.");
        }
    }

    /** Answers each datagram with a first byte of its own. */
    private static DatagramSocket echo(char first) throws IOException {
        var echo = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    var packet = new DatagramPacket(new byte[2000], 2000);
                    echo.receive(packet);
                    packet.getData()[0] = (byte) first;
                    echo.send(packet);
                }
            } catch (IOException closed) {
                assert echo.isClosed();
            }
        });
        return echo;
    }

    @Test
    void datagramsOfAnEngagedPortGoToTheClient() throws IOException {
        try (var workload = echo('w');
                var local = echo('l');
                var rig = new AgentRig(
                        Set.of(),
                        Map.of("udp-idle", "1s", "ports", "0=127.0.0.1:" + workload.getLocalPort() + "/udp:http"))) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("i", local.getLocalPort(), false));
            await().until(() -> rig.agent.engagedPorts() == 1);
            try (var user = new DatagramSocket()) {
                assertThat(exchange(user, rig.port(), "-1")).isEqualTo("l1");
                assertThat(exchange(user, rig.port(), "-2")).isEqualTo("l2");
            }
            await().untilAsserted(
                            () -> assertThat(rig.gauge("telepath.streams.open")).isZero());
        }
    }

    @Test
    void datagramsAreForwardedPerSource() throws IOException {
        try (var echo = echo('-')) {
            try (var agent = Agent.start(
                            TestSettings.of(
                                    "http://127.0.0.1:1", "0=127.0.0.1:" + echo.getLocalPort() + "/udp", Map.of()),
                            Map.of(),
                            new SimpleMeterRegistry(),
                            Optional.empty(),
                            "0.1.0");
                    var one = new DatagramSocket();
                    var two = new DatagramSocket()) {
                int port = agent.fronts().getFirst().actual().port();
                assertThat(exchange(one, port, "-from one")).isEqualTo("-from one");
                assertThat(exchange(two, port, "-from two")).isEqualTo("-from two");
                assertThat(exchange(one, port, "-again")).isEqualTo("-again");
            }
        }
    }

    private static String exchange(DatagramSocket socket, int port, String text) throws IOException {
        socket.setSoTimeout(10_000);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
        var answer = new DatagramPacket(new byte[2000], 2000);
        socket.receive(answer);
        return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
    }

    @Test
    void departsWhenItStops() throws IOException {
        FakeManager manager;
        try (var rig = new AgentRig(Set.of())) {
            manager = rig.manager;
            attached(rig);
            rig.agent.close();
            assertThat(manager.departures).containsExactly("agent:1");
        }
    }

    /** A port that nobody listens on. */
    private static final class LineServerPort {
        int free() throws IOException {
            try (var socket = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            }
        }
    }
}
