package dev.telepath.client.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.buffer.Unpooled;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.Multi;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Streams over the border between two processes, both of which are this one. */
@Timeout(30)
class GatewayServerTest {
    private static final Duration MOST = Duration.ofSeconds(5);

    @TempDir
    Path folder;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final Credit credit = new Credit(1 << 20, 1 << 22);
    private ServerSocket target = target();
    private GatewayClient client = new GatewayClient(Path.of("/"), loops, credit, address -> false);

    @BeforeEach
    void listen() {
        Path socket = folder.resolve("g.sock");
        GatewayServer.listen(socket, loops, new ByLoopback(), credit, 64);
        client = new GatewayClient(socket, loops, credit, address -> false);
    }

    @AfterEach
    void end() throws IOException {
        target.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private static ServerSocket target() {
        try {
            return new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Dials whatever is asked for, and answers a question with itself. */
    private final class ByLoopback implements Gateway {
        private final Dialer dialer = new Dialer(loops);

        @Override
        public CompletionStage<Reached> open(Protocol protocol, InetSocketAddress destination) {
            if (destination.getPort() == 1) {
                return CompletableFuture.failedFuture(new StreamFailure.DialTimedOut("nobody answers"));
            }
            return dialer.dial(destination, MOST, credit).thenApply(end -> new Reached() {
                @Override
                public void join(StreamEnd local) {
                    StreamEnd.join(local, end);
                }

                @Override
                public void abandon(String why) {
                    end.send(Multi.createFrom().failure(new StreamFailure.Reset(why)));
                }
            });
        }

        @Override
        public CompletionStage<byte[]> resolve(byte[] question, int most) {
            return CompletableFuture.completedFuture(question);
        }

        @Override
        public boolean isCluster(InetAddress address) {
            return false;
        }
    }

    /** A local program's socket, joined to what the client reached. */
    private Socket joined() throws Exception {
        Gateway.Reached reached = client.open(Protocol.TCP, (InetSocketAddress) target.getLocalSocketAddress())
                .toCompletableFuture()
                .get(5, TimeUnit.SECONDS);
        try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var program = new CompletableFuture<Socket>();
            Thread.ofVirtual().start(() -> {
                try {
                    program.complete(listener.accept());
                } catch (IOException e) {
                    program.completeExceptionally(e);
                }
            });
            TcpEnd end = new Dialer(loops)
                    .dial((InetSocketAddress) listener.getLocalSocketAddress(), MOST, credit)
                    .toCompletableFuture()
                    .get(5, TimeUnit.SECONDS);
            reached.join(new Undialled(end));
            return program.get(5, TimeUnit.SECONDS);
        }
    }

    /** A dialled end as an accepted one: it says nothing of its dial. */
    private record Undialled(TcpEnd end) implements StreamEnd {
        @Override
        public Multi<Frame> receive() {
            return end.receive().filter(frame -> !(frame instanceof Frame.DialOk));
        }

        @Override
        public void send(Multi<Frame> frames) {
            end.send(frames);
        }

        @Override
        public CompletionStage<Void> closed() {
            return end.closed();
        }
    }

    @Test
    void aQueueThatIsFullIsWaitedForAndNotTakenForADaemonThatIsGone() throws Exception {
        Path full = folder.resolve("full.sock");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(full), 1);
            var here = new GatewayClient(full, loops, credit, address -> false);
            var answers = IntStream.range(0, 8)
                    .mapToObj(i -> here.resolve(new byte[] {(byte) i}, 512).toCompletableFuture())
                    .toList();
            // All have tried once: registered, initialised, connected.
            for (int turn = 0; turn < 4; turn++) {
                loops.next().submit(() -> {}).get();
            }
            for (int i = 0; i < 8; i++) {
                try (SocketChannel one = server.accept()) {
                    // Closed with the question unread it would be reset.
                    one.read(ByteBuffer.allocate(512));
                    one.write(ByteBuffer.wrap(new byte[] {42}));
                }
            }
            for (var answer : answers) {
                assertThat(answer.get(20, TimeUnit.SECONDS)).containsExactly(42);
            }
        }
    }

    @Test
    void bytesAndBothHalvesOfTheEndComeOver() throws Exception {
        try (Socket program = joined();
                Socket far = target.accept()) {
            byte[] much = new byte[3 << 20];
            new java.util.Random(7).nextBytes(much);
            Thread.ofVirtual().start(() -> {
                try {
                    program.getOutputStream().write(much);
                    program.shutdownOutput();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(far.getInputStream().readAllBytes()).isEqualTo(much);
            far.getOutputStream().write(new byte[] {1, 2, 3});
            far.shutdownOutput();
            assertThat(program.getInputStream().readAllBytes()).containsExactly(1, 2, 3);
        }
    }

    @Test
    void aResetIsNoEnd() throws Exception {
        try (Socket program = joined()) {
            Socket far = target.accept();
            far.getOutputStream().write(5);
            assertThat(program.getInputStream().read()).isEqualTo(5);
            far.setSoLinger(true, 0);
            far.close();
            assertThatThrownBy(() -> program.getInputStream().read()).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whatCouldNotBeDialledIsToldAsWhatItWas() throws Exception {
        int nobody;
        try (var gone = new ServerSocket(0)) {
            nobody = gone.getLocalPort();
        }
        assertThatThrownBy(() -> client.open(Protocol.TCP, new InetSocketAddress("127.0.0.1", nobody))
                        .toCompletableFuture()
                        .get(5, TimeUnit.SECONDS))
                .hasCauseInstanceOf(StreamFailure.DialRefused.class);
        assertThatThrownBy(() -> client.open(Protocol.TCP, new InetSocketAddress("127.0.0.1", 1))
                        .toCompletableFuture()
                        .get(5, TimeUnit.SECONDS))
                .hasCauseInstanceOf(StreamFailure.DialTimedOut.class);
    }

    @Test
    void aQuestionHasOneAnswer() throws Exception {
        byte[] question = ByteString.copyFromUtf8("what").toByteArray();
        assertThat(client.resolve(question, 512).toCompletableFuture().get(5, TimeUnit.SECONDS))
                .isEqualTo(question);
    }

    @Test
    void whatIsNoRequestEndsTheConnection() throws IOException {
        try (var raw = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            raw.connect(UnixDomainSocketAddress.of(folder.resolve("g.sock")));
            raw.write(ByteBuffer.wrap(new byte[] {9, 0, 1, 0}));
            assertThat(raw.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
        assertThatThrownBy(() -> Request.read(Unpooled.wrappedBuffer(new byte[] {1, 0, 3, 1, 2, 3})))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(Request.read(Unpooled.wrappedBuffer(new byte[] {1, 0, 6, 1})))
                .isEmpty();
    }
}
