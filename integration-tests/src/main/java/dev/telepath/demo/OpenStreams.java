package dev.telepath.demo;

import dev.telepath.harness.Checksummed;
import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Report;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.ChecksummedServer;
import java.time.Duration;

/**
 * A download and an interactive stream that stay open while things fail around them. Every byte is compared where it
 * arrives.
 */
final class OpenStreams implements AutoCloseable {
    private static final long DOWNLOAD = 60_000_000;
    private static final long PACE = 5_000_000;
    private static final long TYPED = 24_000;

    private final Checksummed download;
    private final Checksummed interactive;

    private OpenStreams(Checksummed download, Checksummed interactive) {
        this.download = download;
        this.interactive = interactive;
    }

    /** Opens both through a port that leads to a {@link ChecksummedServer}; they last some twelve seconds. */
    static OpenStreams through(int port) {
        return new OpenStreams(
                Checksummed.start(new Plan(1, 1, DOWNLOAD, PACE, 1), Way.to(port)),
                Checksummed.start(new Plan(1, TYPED, TYPED, TYPED / 12, 2), Way.to(port)));
    }

    /** Bytes that arrived so far, of both. */
    long arrived() {
        return download.report().bytesReceived() + interactive.report().bytesReceived();
    }

    /** Whether both still go on. */
    boolean open() {
        return download.running() + interactive.running() == 2;
    }

    /**
     * Waits for the end of both.
     *
     * @return what became of them, for the watcher
     * @throws IllegalStateException when a byte was lost, doubled or changed, or a stream was reset
     */
    String whole() {
        Report big = download.await(Duration.ofSeconds(90));
        Report small = interactive.await(Duration.ofSeconds(90));
        if (!big.whole() || !small.whole()) {
            throw new IllegalStateException(
                    "did not hold: open streams survive\ndownload: " + big + "\ninteractive: " + small);
        }
        return "download: " + big.bytesReceived() + " bytes compared, none lost, doubled or reordered, longest pause "
                + big.longestPause().toMillis() + " ms\ninteractive stream: "
                + (small.bytesSent() + small.bytesReceived()) + " bytes compared, longest pause "
                + small.longestPause().toMillis() + " ms";
    }

    @Override
    public void close() {
        download.close();
        interactive.close();
    }
}
