package dev.telepath.tunnel.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole path on real sockets: front port, gRPC call, dialled target. */
@Timeout(60)
class TunnelCallTest {
    private interface Conversation {
        void with(Socket socket) throws Exception;
    }

    private ServerSocket target;
    private TunnelRig rig;

    @BeforeEach
    void open() throws IOException {
        target = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
        rig = new TunnelRig((InetSocketAddress) target.getLocalSocketAddress());
    }

    @AfterEach
    void close() throws IOException {
        rig.close();
        target.close();
    }

    private void serve(Conversation conversation) {
        Thread.ofVirtual().start(() -> {
            while (!target.isClosed()) {
                try {
                    Socket accepted = target.accept();
                    Thread.ofVirtual().start(() -> {
                        try (accepted) {
                            conversation.with(accepted);
                        } catch (Exception e) {
                            // The test sees it as a reset.
                        }
                    });
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    private void serveEcho() {
        serve(socket -> {
            socket.getInputStream().transferTo(socket.getOutputStream());
            socket.shutdownOutput();
        });
    }

    private Socket connect() throws IOException {
        var socket = new Socket();
        socket.connect(rig.front());
        return socket;
    }

    private void awaitNothingLeft() {
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            assertThat(rig.live).isEmpty();
            assertThat(rig.credit.inUse()).isZero();
        });
    }

    @Test
    void bytesArriveUnchangedBothWays() throws Exception {
        serveEcho();
        byte[] sent = new byte[3_000_000];
        new SplittableRandom(1).nextBytes(sent);
        try (Socket socket = connect()) {
            Thread.ofVirtual().start(() -> {
                try {
                    socket.getOutputStream().write(sent);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(Arrays.equals(socket.getInputStream().readAllBytes(), sent))
                    .isTrue();
        }
        awaitNothingLeft();
    }

    @Test
    void anAnswerAfterTheCallersHalfCloseArrives() throws Exception {
        serve(socket -> {
            byte[] question = socket.getInputStream().readAllBytes();
            socket.getOutputStream().write(("answer to " + new String(question)).getBytes());
        });
        try (Socket socket = connect()) {
            socket.getOutputStream().write("question".getBytes());
            socket.shutdownOutput();
            assertThat(new String(socket.getInputStream().readAllBytes())).isEqualTo("answer to question");
        }
        awaitNothingLeft();
    }

    @Test
    void dataAfterTheTargetsHalfCloseStillReachesTheTarget() throws Exception {
        var received = new java.util.concurrent.CompletableFuture<byte[]>();
        serve(socket -> {
            socket.shutdownOutput();
            received.complete(socket.getInputStream().readAllBytes());
        });
        try (Socket socket = connect()) {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            socket.getOutputStream().write("late".getBytes());
            socket.shutdownOutput();
            assertThat(new String(received.get())).isEqualTo("late");
        }
        awaitNothingLeft();
    }

    @Test
    void aRefusedDialResetsTheCallerAtOnce() throws Exception {
        target.close();
        try (Socket socket = connect()) {
            socket.setSoTimeout(5000);
            assertThatThrownBy(() -> {
                        socket.getOutputStream().write(1);
                        if (socket.getInputStream().read() < 0) {
                            throw new SocketException("closed");
                        }
                    })
                    .isInstanceOf(SocketException.class);
        }
        awaitNothingLeft();
    }

    @Test
    void theCallerLearnsOfADialBeforeItReads() throws Exception {
        serveEcho();
        TunnelCall good = rig.open(new InetSocketAddress("127.0.0.1", 7));
        good.dialled().toCompletableFuture().get();
        good.fail(new StreamFailure.Reset("test over"));
        target.close();
        // A close wakes the accepting thread first; only then is the port really free.
        await().until(() -> {
            try (Socket probe = new Socket("127.0.0.1", target.getLocalPort())) {
                return false;
            } catch (IOException refused) {
                return true;
            }
        });
        TunnelCall bad = rig.open(new InetSocketAddress("127.0.0.1", 8));
        assertThatThrownBy(() -> bad.dialled().toCompletableFuture().get())
                .hasCauseInstanceOf(StreamFailure.DialRefused.class);
        bad.fail(new StreamFailure.Reset("test over"));
    }

    @Test
    void aLostServerTellsTheCallerInsteadOfHangingIt() throws Exception {
        rig.server.shutdownNow().awaitTermination();
        TunnelCall call = rig.open(new InetSocketAddress("127.0.0.1", 7));
        assertThatThrownBy(() -> call.dialled().toCompletableFuture().get())
                .hasCauseInstanceOf(StreamFailure.ConnectionLost.class);
        call.fail(new StreamFailure.Reset("test over"));
    }

    @Test
    void aResetByTheTargetReachesTheCaller() throws Exception {
        serve(socket -> {
            socket.getInputStream().read();
            socket.setSoLinger(true, 0);
        });
        try (Socket socket = connect()) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(1);
            assertThatThrownBy(() -> socket.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("reset");
        }
        awaitNothingLeft();
    }

    @Test
    void aResetByTheCallerReachesTheTarget() throws Exception {
        var ended = new java.util.concurrent.CompletableFuture<String>();
        serve(socket -> {
            socket.getInputStream().read();
            try {
                while (true) {
                    socket.getOutputStream().write(new byte[1000]);
                }
            } catch (IOException e) {
                ended.complete(e.getMessage());
            }
        });
        Socket socket = connect();
        socket.getOutputStream().write(1);
        socket.getInputStream().read();
        socket.setSoLinger(true, 0);
        socket.close();
        assertThat(ended.get()).isNotNull();
        awaitNothingLeft();
    }

    @Test
    void aSlowReaderStopsAFastWriter() throws Exception {
        var written = new AtomicLong();
        serve(socket -> {
            OutputStream out = socket.getOutputStream();
            byte[] chunk = new byte[64 * 1024];
            for (int i = 0; i < 16 * 1024; i++) {
                out.write(chunk);
                written.addAndGet(chunk.length);
            }
        });
        try (Socket socket = connect()) {
            await().atMost(Duration.ofSeconds(20))
                    .during(Duration.ofSeconds(1))
                    .until(new java.util.concurrent.Callable<Boolean>() {
                        private long last = -1;

                        @Override
                        public Boolean call() {
                            long now = written.get();
                            boolean still = now == last && now > 0;
                            last = now;
                            return still;
                        }
                    });
            // Kernel buffers of two loopback sockets, one HTTP/2 window and a batch on each side.
            assertThat(written.get()).isLessThan(32L * 1024 * 1024);
            assertThat(socket.getInputStream().readNBytes(64 * 1024 * 1024)).hasSize(64 * 1024 * 1024);
        }
        awaitNothingLeft();
    }

    @Test
    void aThousandConnectionsAtOnceAllGetTheirAnswers() throws Exception {
        serveEcho();
        int count = 1000;
        var opened = new CountDownLatch(count);
        List<Future<String>> answers = new ArrayList<>();
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < count; i++) {
                String question = "connection " + i;
                answers.add(executor.submit(() -> {
                    try (Socket socket = connect()) {
                        opened.countDown();
                        opened.await();
                        socket.getOutputStream().write(question.getBytes());
                        InputStream in = socket.getInputStream();
                        String answer = new String(in.readNBytes(question.length()));
                        socket.shutdownOutput();
                        assertThat(in.read()).isEqualTo(-1);
                        return answer;
                    }
                }));
            }
            for (int i = 0; i < count; i++) {
                assertThat(answers.get(i).get()).isEqualTo("connection " + i);
            }
        }
        assertThat(rig.serverCalls).hasValue(count);
        awaitNothingLeft();
    }

    @Test
    void aStalledStreamDoesNotStopItsNeighbours() throws Exception {
        serve(socket -> {
            byte[] chunk = new byte[64 * 1024];
            if (socket.getInputStream().read() == 's') {
                while (true) {
                    socket.getOutputStream().write(chunk);
                }
            }
            socket.getOutputStream().write('n');
        });
        List<Socket> stalled = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Socket socket = connect();
            socket.getOutputStream().write('s');
            stalled.add(socket);
        }
        for (Socket socket : stalled) {
            assertThat(socket.getInputStream().read()).isZero();
        }
        for (int i = 0; i < 20; i++) {
            try (Socket neighbour = connect()) {
                neighbour.setSoTimeout(10_000);
                neighbour.getOutputStream().write('x');
                assertThat(neighbour.getInputStream().read()).isEqualTo('n');
            }
        }
        for (Socket socket : stalled) {
            socket.setSoLinger(true, 0);
            socket.close();
        }
        awaitNothingLeft();
    }
}
