package dev.telepath.client.privileged;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.telepath.client.control.LineChannel;
import dev.telepath.client.failure.Failure;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's end, with a process that is played here. */
@NullUnmarked
class PrivilegedLinkTest {
    private static final Order ORDER = new Order.Routes(List.of());

    @TempDir
    Path folder;

    private final AtomicInteger gone = new AtomicInteger();
    private PrivilegedLink link;
    private SocketChannel process;

    @BeforeEach
    void begin() throws IOException {
        Path socket = folder.resolve("net.sock");
        link = PrivilegedLink.listen(socket);
        process = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        new LineChannel(process).write("{}\n".getBytes(StandardCharsets.UTF_8));
        link.accept(Duration.ofSeconds(10), gone::incrementAndGet);
    }

    @AfterEach
    void end() throws IOException {
        link.close();
        process.close();
    }

    @Test
    @Timeout(5)
    void anOrderToAProcessThatEndsInsteadOfAnAnswerFailsAtOnce() throws Exception {
        var orders = new LineChannel(process);
        Thread player = Thread.ofPlatform().start(() -> {
            try {
                orders.read();
                process.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThatThrownBy(() -> link.order(ORDER)).isInstanceOf(Failure.class).hasMessageContaining("is gone");
        player.join();
        await().untilAsserted(() -> assertThat(gone).hasValue(1));
        assertThatThrownBy(() -> link.order(ORDER)).isInstanceOf(Failure.class).hasMessageContaining("is gone");
    }

    @Test
    void whatCouldNotBeDoneIsToldWithItsCause() throws Exception {
        var orders = new LineChannel(process);
        Thread player = Thread.ofPlatform().start(() -> {
            try {
                orders.read();
                orders.write("{\"ok\":true,\"failed\":[\"10.0.0.0/8: taken\"]}\n".getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(link.order(ORDER)).containsExactly("10.0.0.0/8: taken");
        player.join();
    }
}
