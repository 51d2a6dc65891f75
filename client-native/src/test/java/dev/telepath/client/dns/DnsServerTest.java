package dev.telepath.client.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.netty.channel.nio.NioEventLoopGroup;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The listener and its connections, in front of a resolver that answers what it was asked when the test says so. */
class DnsServerTest {
    /** One question and its answer to come. */
    private record Asked(byte first, CompletableFuture<byte[]> answer) {
        void echo() {
            answer.complete(new byte[] {first, 1, 2, 3});
        }
    }

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final Queue<Asked> asked = new ConcurrentLinkedQueue<>();
    private final List<DnsServer> servers = new ArrayList<>();

    private DnsServer listen(int port, DnsServer.Limits limits) {
        DnsServer server = DnsServer.listen(
                InetAddress.getLoopbackAddress(),
                port,
                loops,
                (query, most) -> {
                    var one = new Asked(query[0], new CompletableFuture<>());
                    asked.add(one);
                    return one.answer();
                },
                limits);
        servers.add(server);
        return server;
    }

    @AfterEach
    void stop() {
        servers.forEach(DnsServer::close);
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private static Socket connect(DnsServer server) throws IOException {
        var socket = new Socket(server.address().getAddress(), server.address().getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static void send(Socket socket, int questions) throws IOException {
        var out = new DataOutputStream(socket.getOutputStream());
        for (int i = 0; i < questions; i++) {
            out.writeShort(3);
            out.write(new byte[] {(byte) i, 0, 0});
        }
        out.flush();
    }

    @Test
    void aConnectionAsksSeveralQuestionsAtOnceAndIsReadNoFurtherThanThat() throws IOException {
        try (Socket socket = connect(listen(0, DnsServer.Limits.USUAL))) {
            int questions = 3 * DnsOverTcp.MOST_PENDING;
            send(socket, questions);
            socket.shutdownOutput();

            await().untilAsserted(() -> assertThat(asked).hasSize(DnsOverTcp.MOST_PENDING));
            var in = new DataInputStream(socket.getInputStream());
            List<Integer> answered = new ArrayList<>();
            for (int i = 0; i < questions; i++) {
                await().pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> !asked.isEmpty());
                assertThat(asked.size()).isLessThanOrEqualTo(DnsOverTcp.MOST_PENDING);
                asked.remove().echo();
                assertThat(in.readUnsignedShort()).isEqualTo(4);
                answered.add((int) in.readNBytes(4)[0] & 0xff);
            }

            assertThat(answered)
                    .containsExactlyElementsOf(
                            IntStream.range(0, questions).boxed().toList());
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void whatIsAnsweredFirstIsToldFirst() throws IOException {
        try (Socket socket = connect(listen(0, DnsServer.Limits.USUAL))) {
            send(socket, 2);
            await().untilAsserted(() -> assertThat(asked).hasSize(2));
            Asked first = asked.remove();

            asked.remove().echo();
            first.echo();

            var in = new DataInputStream(socket.getInputStream());
            assertThat(in.readNBytes(3)[2]).isEqualTo((byte) 1);
            in.readNBytes(3);
            assertThat(in.readNBytes(3)[2]).isEqualTo((byte) 0);
        }
    }

    @Test
    void silentAndTooManyConnectionsAreEnded() throws IOException {
        DnsServer server = listen(0, new DnsServer.Limits(1, Duration.ofMillis(200)));
        try (Socket silent = connect(server);
                Socket second = connect(server)) {
            assertThat(second.getInputStream().read()).isEqualTo(-1);
            assertThat(silent.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void closingEndsItsConnectionsAndFreesThePort() throws IOException {
        DnsServer server = listen(0, DnsServer.Limits.USUAL);
        int port = server.address().getPort();
        try (Socket socket = connect(server)) {
            send(socket, 1);
            await().untilAsserted(() -> assertThat(asked).hasSize(1));
            server.close();

            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        // A selector gives a closed socket back to the system when it next looks, which is after the channel's close.
        await().ignoreExceptionsInstanceOf(Failure.class)
                .untilAsserted(() -> assertThat(
                                listen(port, DnsServer.Limits.USUAL).address().getPort())
                        .isEqualTo(port));
    }

    @Test
    void aPortThatIsTakenIsToldAsSuch() {
        int port = listen(0, DnsServer.Limits.USUAL).address().getPort();

        assertThatThrownBy(() -> listen(port, DnsServer.Limits.USUAL))
                .isInstanceOfSatisfying(Failure.class, failure -> {
                    assertThat(failure.kind()).isEqualTo(Kind.CONFLICT);
                    assertThat(failure.message()).contains("port " + port);
                });
    }
}
