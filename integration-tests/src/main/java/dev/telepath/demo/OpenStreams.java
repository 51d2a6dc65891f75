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
    /** Longer than any machine takes for what the demo does meanwhile; nobody waits for it. */
    private static final long SECONDS = 90;

    private static final long PACE = 1_000_000;
    private static final long TYPED = 2_000;

    private final ChecksummedServer server;
    private final Checksummed download;
    private final Checksummed interactive;

    private OpenStreams(ChecksummedServer server, Checksummed download, Checksummed interactive) {
        this.server = server;
        this.download = download;
        this.interactive = interactive;
    }

    /**
     * Opens both. They last until {@link #whole} is asked for.
     *
     * @param port that leads to the server
     */
    static OpenStreams through(int port, ChecksummedServer server) {
        long typed = SECONDS * TYPED;
        return new OpenStreams(
                server,
                Checksummed.start(new Plan(1, 1, SECONDS * PACE, PACE, 1), Way.to(port)),
                Checksummed.start(new Plan(1, typed, typed, TYPED, 2), Way.to(port)));
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
     * Lets both send the rest at once, and waits for their end.
     *
     * @return what became of them, for the watcher
     * @throws IllegalStateException when a byte was lost, doubled or changed, or a stream was reset
     */
    String whole() {
        server.hurry();
        download.hurry();
        interactive.hurry();
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
