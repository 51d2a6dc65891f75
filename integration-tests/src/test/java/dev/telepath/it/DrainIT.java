package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Installation;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Running;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A manager that is told to end while it carries streams of the older kind, which end with it. */
@Timeout(120)
class DrainIT {
    private static final Duration WAIT = Duration.ofSeconds(20);
    private Installation telepath;
    private ServerSocket laptop;
    private ServerSocket workload;
    private Running agent;

    @BeforeEach
    void listen() throws IOException {
        telepath = Installation.temporary().init();
        laptop = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        workload = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void end() throws IOException {
        telepath.close();
        laptop.close();
        workload.close();
    }

    private void install(String drain) throws Exception {
        Path settings =
                telepath.write(telepath.directory().resolve("manager.properties"), "telepath.manager.drain=" + drain);
        telepath.startManager("--config", settings.toString());
        agent = telepath.startAgent("web", workload.getLocalPort());
        Path older = telepath.write(telepath.directory().resolve("older.yml"), "stream:\n  resumable: \"off\"\n");
        telepath.connect("--config", older.toString()).orFail();
        telepath.tp("intercept", "web", "--port", laptop.getLocalPort() + ":http")
                .orFail();
    }

    /** The two ends of an intercepted stream. */
    private record Ends(Socket caller, Socket service) implements AutoCloseable {
        void carries(String text) throws IOException {
            passes(caller, service, text);
            passes(service, caller, text);
        }

        private static void passes(Socket from, Socket to, String text) throws IOException {
            from.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            assertThat(to.getInputStream().readNBytes(text.length()))
                    .asString(StandardCharsets.UTF_8)
                    .isEqualTo(text);
        }

        @Override
        public void close() throws IOException {
            caller.close();
            service.close();
        }
    }

    private Ends stream() throws IOException {
        var caller = new Socket(InetAddress.getLoopbackAddress(), agent.port("port-http"));
        caller.setSoTimeout((int) WAIT.toMillis());
        caller.getOutputStream().write('!');
        Socket service = laptop.accept();
        service.setSoTimeout((int) WAIT.toMillis());
        // tp looks whether somebody listens, and says nothing.
        while (service.getInputStream().read() != '!') {
            service.close();
            service = laptop.accept();
            service.setSoTimeout((int) WAIT.toMillis());
        }
        var ends = new Ends(caller, service);
        ends.carries("before");
        assertThat(atManager("telepath_streams_open")).isEqualTo(1);
        return ends;
    }

    private String manager() {
        return "https://" + telepath.managerAddress();
    }

    private double atManager(String metric) {
        return Metrics.sum(Metrics.scrape(manager()), metric);
    }

    private void terminate() {
        ProcessHandle.of(telepath.manager().pid()).orElseThrow().destroy();
    }

    @Test
    void aManagerThatDrainsIsNotReadyAndLetsAnOlderStreamFinish() throws Exception {
        install("10m");
        try (Ends stream = stream()) {
            assertThat(Metrics.get(manager() + "/q/health/ready")).contains("\"status\": \"UP\"");

            terminate();

            await().atMost(WAIT)
                    .untilAsserted(() -> assertThat(Metrics.get(manager() + "/q/health/ready"))
                            .startsWith("{")
                            .contains("\"status\": \"DOWN\""));
            assertThat(Metrics.get(manager() + "/q/health/live")).contains("\"status\": \"UP\"");
            assertThat(atManager("telepath_manager_draining")).isEqualTo(1);
            assertThat(telepath.tpAs(
                                    "other",
                                    "connect",
                                    "--manager",
                                    telepath.managerAddress(),
                                    "--token-file",
                                    telepath.tokenFile("client-token").toString())
                            .err())
                    .contains("the manager is shutting down");
            stream.carries("meanwhile");
            stream.caller().shutdownOutput();
            assertThat(stream.service().getInputStream().read()).isEqualTo(-1);
            stream.service().close();
            assertThat(stream.caller().getInputStream().read()).isEqualTo(-1);
            assertThat(telepath.manager().awaitEnd(WAIT)).isZero();
        }
        assertThat(telepath.manager().log())
                .contains("draining clients=1 agents=1 links=0 olderStreams=1 ownStreams=0 most=600000ms")
                .containsPattern("drained millis=\\d+ links=0 olderStreams=0");
    }

    @Test
    void whatIsLeftOfOlderStreamsAtTheEndOfTheDrainIsReset() throws Exception {
        install("1s");
        try (Ends stream = stream()) {
            assertThat(telepath.manager().stop()).isZero();

            assertThatThrownBy(() -> stream.caller().getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
            assertThatThrownBy(() -> stream.service().getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
        // Both calls were ended before the connections were.
        assertThat(telepath.manager().log()).containsPattern("drained millis=\\d+ links=0 olderStreams=0");
    }

    @Test
    void aSecondSignalEndsADrainAtOnce() throws Exception {
        install("10m");
        try (Ends stream = stream()) {
            terminate();
            await().atMost(WAIT).until(() -> telepath.manager().log().contains("draining clients=1"));
            stream.carries("still here");

            assertThat(telepath.manager().stop()).isEqualTo(143);
        }
        assertThat(telepath.manager().log()).doesNotContain("drained");
    }
}
