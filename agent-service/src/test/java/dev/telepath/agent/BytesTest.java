package dev.telepath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.telepath.agent.attach.Attachment;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Demand, half-close and copies, byte by byte. */
@Timeout(60)
class BytesTest {
    private static void attached(AgentRig rig) {
        await().untilAsserted(() -> assertThat(rig.agent.connection()).isEqualTo(Attachment.State.ATTACHED));
    }

    /** Writes as much as is taken until the other side is closed. */
    private static AtomicLong flood(Socket socket) {
        var taken = new AtomicLong();
        Thread.ofVirtual().start(() -> {
            byte[] block = new byte[64 * 1024];
            try {
                while (true) {
                    socket.getOutputStream().write(block);
                    taken.addAndGet(block.length);
                }
            } catch (IOException closed) {
                assert taken.get() >= 0;
            }
        });
        return taken;
    }

    private static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @Test
    void aConnectionThatOutlivesTheDrainIsReset() throws IOException {
        try (var target = listen();
                var rig = new AgentRig(
                        Set.of(), Map.of("drain", "0s", "ports", "0=127.0.0.1:" + target.getLocalPort() + ":http"))) {
            attached(rig);
            try (var user = new Socket(InetAddress.getLoopbackAddress(), rig.port());
                    var server = target.accept()) {
                user.setSoTimeout(10_000);
                user.getOutputStream().write(1);
                assertThat(server.getInputStream().read()).isEqualTo(1);
                rig.agent.close();
                assertThatThrownBy(() -> user.getInputStream().read())
                        .isInstanceOf(SocketException.class)
                        .hasMessageContaining("reset");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSideThatIsSilentFirstStillReadsToTheEnd(boolean diverted) throws IOException {
        try (var target = listen();
                var rig = new AgentRig(Set.of(), Map.of("ports", "0=127.0.0.1:" + target.getLocalPort() + ":http"))) {
            attached(rig);
            if (diverted) {
                rig.manager.put(FakeManager.waiting("i", target.getLocalPort(), false));
                await().until(() -> rig.agent.engagedPorts() == 1);
            }
            try (var user = new Socket(InetAddress.getLoopbackAddress(), rig.port());
                    var server = target.accept()) {
                // When the server half-closes first
                server.getOutputStream().write(new byte[] {1, 2, 3});
                server.shutdownOutput();
                // Then the user sees the end, and what it sends afterwards still arrives
                assertThat(user.getInputStream().readAllBytes()).containsExactly(1, 2, 3);
                user.getOutputStream().write(new byte[] {4, 5});
                user.shutdownOutput();
                assertThat(server.getInputStream().readAllBytes()).containsExactly(4, 5);
                assertThat(rig.counter("telepath.connections", "route", diverted ? "divert" : "forward"))
                        .isEqualTo(1);
            }
            await().untilAsserted(
                            () -> assertThat(rig.gauge("telepath.streams.open")).isZero());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStalledReaderStopsTheWriter(boolean diverted) throws IOException {
        try (var target = listen();
                var rig = new AgentRig(Set.of(), Map.of("ports", "0=127.0.0.1:" + target.getLocalPort() + ":http"))) {
            attached(rig);
            if (diverted) {
                rig.manager.put(FakeManager.waiting("i", target.getLocalPort(), false));
                await().until(() -> rig.agent.engagedPorts() == 1);
            }
            try (var user = new Socket(InetAddress.getLoopbackAddress(), rig.port());
                    var server = target.accept()) {
                AtomicLong up = flood(user);
                AtomicLong down = flood(server);
                var last = new AtomicLong(-1);
                await().pollInterval(Duration.ofMillis(500))
                        .until(() -> last.getAndSet(up.get() + down.get()) == up.get() + down.get());
                // Kernel buffers of four sockets and our windows, not more.
                assertThat(up.get()).isLessThan(32L << 20);
                assertThat(down.get()).isLessThan(32L << 20);
                assertThat(rig.gauge("telepath.credit.in.use.bytes")).isLessThanOrEqualTo(16.0 * (1 << 20));
            }
            await().untilAsserted(
                            () -> assertThat(rig.gauge("telepath.streams.open")).isZero());
        }
    }

    @Test
    void aWiretapThatCannotFollowLosesItsCopyAndSlowsNobody() throws IOException {
        try (var target = listen();
                var stalled = listen();
                var rig = new AgentRig(
                        Set.of(),
                        Map.of("ports", "0=127.0.0.1:" + target.getLocalPort() + ":http", "wiretap-buffer", "64K"))) {
            attached(rig);
            rig.manager.put(FakeManager.waiting("t", stalled.getLocalPort(), true));
            await().until(() -> rig.agent.engagedPorts() == 1);
            try (var user = new Socket(InetAddress.getLoopbackAddress(), rig.port());
                    var server = target.accept();
                    var copy = stalled.accept()) {
                AtomicLong sent = flood(user);
                InputStream in = server.getInputStream();
                byte[] buffer = new byte[64 * 1024];
                long read = 0;
                while (read < 64L << 20) {
                    read += in.read(buffer);
                }
                assertThat(sent.get()).isGreaterThan(60L << 20);
                assertThat(rig.counter("telepath.wiretap.overflow")).isEqualTo(1);
                assertThat(copy.isConnected()).isTrue();
            }
            await().untilAsserted(
                            () -> assertThat(rig.gauge("telepath.streams.open")).isZero());
        }
    }
}
