package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Checksummed;
import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Load;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What users of other tools report as broken, end to end. The cases that have a suite of their own: an end of file while an
 * update is in flight (DropsIT), an agent newer than its manager (OlderPeersIT), a dead connection under a live TCP one
 * (SurvivalIT).
 */
@Timeout(300)
class SeedCasesIT {
    private static final Vertx VERTX = Vertx.vertx();
    private static Installation telepath;
    private static SampleService laptop;
    private static ChecksummedServer bytes;
    private static int web;
    private static int data;

    @BeforeAll
    static void install() {
        telepath = Installation.temporary().init().heap("192m");
        telepath.startManager();
        laptop = SampleService.start(VERTX, "laptop", 0);
        bytes = ChecksummedServer.start();
        Running agent = telepath.startAgent("web", laptop.port());
        web = agent.port("port-http");
        data = telepath.startAgent("data", bytes.port()).port("port-http");
        telepath.connect().orFail();
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        telepath.tp("intercept", "data", "--port", bytes.port() + ":http").orFail();
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
    }

    @AfterAll
    static void end() {
        telepath.close();
        laptop.close();
        bytes.close();
        VERTX.close();
    }

    /** A neighbour that asks for much and reads nothing: its 64 KiB and all windows behind them are full. */
    private static Socket stalled() throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(64 * 1024);
        socket.connect(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), web));
        socket.getOutputStream()
                .write("GET /bytes/50000000 HTTP/1.1\r\nHost: web\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    @Test
    void hundredsOfParallelHttp2RequestsPassBesideNeighboursThatReadNothing() throws Exception {
        List<Socket> neighbours = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            neighbours.add(stalled());
        }
        try {
            for (int round = 0; round < 3; round++) {
                Load.Report report = Load.http2(VERTX, web, 600, laptop.name());
                assertThat(report.failed()).as(report.toString()).isZero();
            }
        } finally {
            for (Socket neighbour : neighbours) {
                neighbour.close();
            }
        }
    }

    @Test
    void aStreamThatIsIdleForLongerThanEveryKeepAliveIsStillAlive() throws Exception {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), web)) {
            socket.setSoTimeout(20_000);
            answers(socket);
            // Keep-alives and heartbeats go by after 5, 15 and 30 s; the limit of silence of an agent is 15 s.
            CompletableFuture.runAsync(() -> {}, CompletableFuture.delayedExecutor(50, TimeUnit.SECONDS))
                    .join();
            answers(socket);
        }
    }

    private static void answers(Socket socket) throws IOException {
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: web\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        var text = new StringBuilder();
        while (text.indexOf("hello from laptop\n") < 0) {
            int read = socket.getInputStream().read();
            assertThat(read).as("the connection is open").isNotEqualTo(-1);
            text.append((char) read);
        }
    }

    @Test
    void aThousandConnectionsOutliveAManagerThatIsKilledInTheMiddle() {
        // All of them are to be open at once, which cold programs do not get to before the first have ended.
        try (var warming = Checksummed.start(new Plan(300, 2_000, 2_000, 0, 1), Way.to(data))) {
            assertThat(warming.await(Duration.ofSeconds(60)).whole()).isTrue();
        }
        try (var load = Checksummed.start(new Plan(1000, 20_000, 20_000, 1_000, 11), Way.to(data))) {
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> bytes.open() == 1000 && load.report().bytesReceived() > 1_000_000);
            telepath.manager().kill();
            telepath.startManager();
            Checksummed.Report report = load.await(Duration.ofSeconds(120));
            assertThat(report.whole()).as(report.toString()).isTrue();
        }
    }
}
