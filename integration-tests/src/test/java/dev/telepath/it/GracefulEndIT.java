package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Running;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs that end in order end their streams: nobody waits for a connection that does not come back. */
@Timeout(120)
class GracefulEndIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private Installation telepath;
    private ServerSocket workload;
    private ServerSocket laptop;
    private Running agent;

    @BeforeEach
    void install() throws Exception {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = echoing();
        laptop = echoing();
        agent = telepath.startAgent("web", workload.getLocalPort());
        telepath.connect().orFail();
        telepath.tp("intercept", "web", "--port", laptop.getLocalPort() + ":http")
                .orFail();
    }

    @AfterEach
    void end() throws IOException {
        telepath.close();
        workload.close();
        laptop.close();
    }

    private static ServerSocket echoing() throws IOException {
        var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!listener.isClosed()) {
                try {
                    Socket socket = listener.accept();
                    Thread.ofVirtual().start(() -> {
                        try (socket) {
                            socket.getInputStream().transferTo(socket.getOutputStream());
                        } catch (IOException reset) {
                            // The end that the test is about.
                        }
                    });
                } catch (IOException closed) {
                    return;
                }
            }
        });
        return listener;
    }

    /** An open stream that has carried something and is idle now. */
    private static Socket open(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
        assertThat(new String(socket.getInputStream().readNBytes(5), StandardCharsets.UTF_8))
                .isEqualTo("hello");
        return socket;
    }

    private Socket intercepted() throws IOException {
        return open(new Socket(InetAddress.getLoopbackAddress(), agent.port("port-http")));
    }

    private Socket outbound() throws Exception {
        int port = status().path("proxy").path("port").asInt();
        var socket =
                new Socket(new Proxy(Proxy.Type.SOCKS, new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
        socket.connect(InetSocketAddress.createUnresolved("127.0.0.1", workload.getLocalPort()), 10_000);
        return open(socket);
    }

    private JsonNode status() throws IOException {
        return JSON.readTree(telepath.tp("status", "--output", "json").orFail().out());
    }

    private double atAgent(String metric) {
        return Metrics.sum(Metrics.scrape("http://127.0.0.1:" + agent.announced("http-port")), metric);
    }

    /** The peer's end or reset, within the socket's time-out. */
    private static void ends(Socket socket) {
        try (socket) {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (java.net.SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        } catch (IOException other) {
            throw new AssertionError("the stream did not end", other);
        }
    }

    @Test
    void quitEndsTheStreamsAtTheirOtherEdges() throws Exception {
        Socket caller = intercepted();
        Socket program = outbound();
        telepath.tp("quit").orFail();
        ends(caller);
        ends(program);
        await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> {
            assertThat(atAgent("telepath_streams_resumable")).isZero();
            assertThat(atAgent("telepath_streams_suspended")).isZero();
        });
    }

    @Test
    void aDaemonThatWritesToWhatHasEndedGoesOn() throws Exception {
        Socket caller = intercepted();
        long daemon = status().path("daemon").path("pid").asLong();
        // What the kernel does to a program that writes into the pipe of an sshfs that is gone.
        assertThat(new ProcessBuilder("kill", "-PIPE", String.valueOf(daemon))
                        .start()
                        .waitFor())
                .isZero();
        try (caller) {
            open(caller);
        }
        assertThat(status().path("daemon").path("pid").asLong()).isEqualTo(daemon);
    }

    @Test
    void aDaemonThatGetsSigtermEndsItsStreamsAndItsSession() throws Exception {
        Socket caller = intercepted();
        ProcessHandle daemon =
                ProcessHandle.of(status().path("daemon").path("pid").asLong()).orElseThrow();
        assertThat(daemon.destroy()).isTrue();
        ends(caller);
        daemon.onExit().orTimeout(20, TimeUnit.SECONDS).join();
        await().atMost(Duration.ofSeconds(15))
                .untilAsserted(() -> assertThat(Metrics.sum(
                                Metrics.scrape("https://" + telepath.managerAddress()), "telepath_sessions"))
                        .as("the agent's session alone")
                        .isEqualTo(1));
    }

    @Test
    void anAgentThatStopsEndsTheStreamsOfClients() throws Exception {
        Socket caller = intercepted();
        Socket program = outbound();
        agent.stop();
        ends(caller);
        ends(program);
        await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> {
            JsonNode streams = status().path("streams");
            assertThat(streams.path("resumable").asInt()).isZero();
            assertThat(streams.path("suspended").asInt()).isZero();
        });
    }

    @Test
    void aManagerThatStopsTellsItsEdgesAndStreamsGoOnOverTheNext() throws Exception {
        Socket caller = intercepted();
        assertThat(telepath.manager().stop()).isZero();
        assertThat(telepath.manager().log())
                .contains("draining clients=1 agents=1 links=1 olderStreams=0")
                .containsPattern("drained millis=\\d+ links=0 olderStreams=0");
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(agent.log()).contains("cause=peer-closed"));
        telepath.startManager();
        open(caller).close();
    }
}
