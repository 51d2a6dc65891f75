package dev.telepath.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Report;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.fault.Cut;
import dev.telepath.harness.fault.Fault;
import dev.telepath.harness.fault.FaultProxy;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ChecksummedTest {
    private static final Duration LONG = Duration.ofSeconds(40);
    private static final int HEAD = 40;

    private ChecksummedServer server;

    @BeforeEach
    void start() {
        server = ChecksummedServer.start();
    }

    @AfterEach
    void end() {
        server.close();
    }

    /** A network that changes what the caller sends. */
    private final class Tampering extends Socket {
        private final UnaryOperator<byte[]> change;

        Tampering(UnaryOperator<byte[]> change) throws IOException {
            super(InetAddress.getLoopbackAddress(), server.port());
            this.change = change;
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new FilterOutputStream(super.getOutputStream()) {
                private int writes;

                @Override
                public void write(byte[] bytes, int at, int length) throws IOException {
                    byte[] taken = Arrays.copyOfRange(bytes, at, at + length);
                    writes++;
                    // The head and the first chunk pass.
                    out.write(length == HEAD || writes != 2 ? taken : change.apply(taken));
                }
            };
        }
    }

    private static Plan small(int streams) {
        return new Plan(streams, 100_000, 150_000, 0, 42);
    }

    @Test
    void allStreamsAreWholeBothWaysOverAGoodNetwork() {
        try (var load = Checksummed.start(small(50), Way.to(server.port()))) {
            Report report = load.await(LONG);

            assertThat(report.whole()).as(report.toString()).isTrue();
            assertThat(report.bytesSent()).isEqualTo(50 * 100_000L);
            assertThat(report.bytesReceived()).isEqualTo(50 * 150_000L);
            assertThat(report.firstProblem()).isNull();
            await().until(() -> server.whole() == 50 && server.open() == 0);
        }
    }

    private String mismatchOf(UnaryOperator<byte[]> change) {
        try (var load = Checksummed.start(small(1), () -> new Tampering(change))) {
            await().until(() -> server.mismatches() == 1);
            load.await(LONG);
            return String.valueOf(server.firstMismatch());
        }
    }

    @Test
    void aChangedByteIsFoundAtItsOffset() {
        assertThat(mismatchOf(bytes -> {
                    bytes[5] ^= 1;
                    return bytes;
                }))
                .contains("byte 8197 is wrong: these bytes were never sent near there");
    }

    @Test
    void lostBytesAreFoundAndCounted() {
        assertThat(mismatchOf(bytes -> Arrays.copyOfRange(bytes, 100, bytes.length)))
                .contains("byte 8192 is wrong: 100 bytes are missing before it");
    }

    @Test
    void doubledBytesAreFoundAndCounted() {
        assertThat(mismatchOf(bytes -> {
                    byte[] twice = Arrays.copyOf(bytes, bytes.length * 2);
                    System.arraycopy(bytes, 0, twice, bytes.length, bytes.length);
                    return twice;
                }))
                .contains("byte 16384 is wrong: 8192 bytes come twice");
    }

    @Test
    void aResetIsCountedAndNoMismatch() {
        try (var proxy = FaultProxy.before(server.port());
                var load = Checksummed.start(new Plan(10, 1 << 20, 1 << 20, 100_000, 1), Way.to(proxy.port()))) {
            await().until(() -> load.report().bytesReceived() > 10_000);

            proxy.cut(Cut.RESET);

            Report report = load.await(LONG);
            assertThat(report.resets()).as(report.toString()).isEqualTo(10);
            assertThat(report.firstProblem()).contains("stream 1");
            await().until(() -> server.broken() == 10);
            assertThat(server.mismatches()).isZero();
        }
    }

    @Test
    void anEarlyEndIsCutShort() {
        try (var proxy = FaultProxy.before(server.port());
                var load = Checksummed.start(new Plan(1, 0, 1 << 20, 100_000, 1), Way.to(proxy.port()))) {
            await().until(() -> load.report().bytesReceived() > 10_000);

            proxy.cut(Cut.FINISH);

            assertThat(load.await(LONG).cutShort()).isEqualTo(1);
        }
    }

    @Test
    void aPauseIsMeasuredAndTheFirstBytesAfterIt() {
        try (var proxy = FaultProxy.before(server.port());
                var load = Checksummed.start(new Plan(5, 200_000, 200_000, 100_000, 1), Way.to(proxy.port()))) {
            await().until(() -> load.report().bytesReceived() > 50_000);
            proxy.apply(new Fault.Blackhole());
            load.mark();
            await().pollDelay(Duration.ofMillis(300)).until(() -> load.running() == 5);
            proxy.pass();
            load.mark();

            await().until(() -> load.firstBytesAfterMark().length == 5);
            Report report = load.await(LONG);
            assertThat(report.whole()).as(report.toString()).isTrue();
            assertThat(report.longestPause()).isGreaterThan(Duration.ofMillis(200));
        }
    }

    @Test
    void closingEndsWhatRuns() {
        try (var load = Checksummed.start(new Plan(3, 1 << 30, 1 << 30, 1000, 1), Way.to(server.port()))) {
            await().until(() -> server.open() == 3);

            load.close();

            load.await(LONG);
            await().until(() -> server.open() == 0);
            assertThat(server.mismatches()).isZero();
        }
    }
}
