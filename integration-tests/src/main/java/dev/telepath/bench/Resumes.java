package dev.telepath.bench;

import dev.telepath.harness.Checksummed;
import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Installation;
import dev.telepath.harness.fault.FaultProxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** How long after an outage of the client's network its streams go on. Every byte of them is compared. */
final class Resumes implements AutoCloseable {
    private static final Duration OUTAGE = Duration.ofSeconds(5);
    /** Bytes per second of all streams together: few messages, so that the outage is what is measured, not the load. */
    private static final long PACE = 8_000;

    private final Installation telepath = Installation.temporary().init().heap("256m");
    private final ChecksummedServer laptop = ChecksummedServer.start();
    /** Apart from the laptop's, so that a connection that fell back to the workload is not taken for one that survived. */
    private final ChecksummedServer workload = ChecksummedServer.start();

    private final FaultProxy network;
    private final int through;

    Resumes() throws InterruptedException {
        telepath.startManager();
        network = FaultProxy.before(telepath.managerPort());
        telepath.through("", network.address());
        through = telepath.startAgent("web", workload.port()).port("port-http");
        telepath.connect().orFail();
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
    }

    /** One outage under that many streams, as a line. */
    String measure(int streams) throws InterruptedException {
        long pace = PACE / streams;
        long bytes = pace * (OUTAGE.toSeconds() + 15);
        try (var load = Checksummed.start(new Plan(streams, bytes, bytes, pace, streams), Way.to(through))) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (laptop.open() + workload.open() < streams && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
            int fellBack = workload.open();
            network.outage(OUTAGE).join();
            load.mark();
            Checksummed.Report report = load.await(Duration.ofMinutes(3));
            long[] nanos = load.firstBytesAfterMark();
            Arrays.sort(nanos);
            return String.format(
                    Locale.ROOT,
                    "%d streams: whole %d, reset %d, not carried %d, first byte after the network is back p50 %d ms, p99 %d ms",
                    streams,
                    report.done(),
                    report.resets(),
                    fellBack,
                    quantile(nanos, 0.5),
                    quantile(nanos, 0.99));
        }
    }

    private static long quantile(long[] sorted, double which) {
        return sorted.length == 0
                ? -1
                : TimeUnit.NANOSECONDS.toMillis(sorted[(int) Math.min(sorted.length - 1, sorted.length * which)]);
    }

    @Override
    public void close() {
        telepath.close();
        network.close();
        laptop.close();
        workload.close();
    }
}
