package dev.telepath.client.memory;

import dev.telepath.client.platform.Executable;
import dev.telepath.tunnel.memory.FreeHeap;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * Collects garbage and drops the pages of the executable as soon as the daemon has nothing to do: after its start, which alone has used
 * three quarters of them, after commands, and when heartbeats have left some garbage. In executables on Linux alone. A thread of its own,
 * which sleeps.
 */
public final class IdlePages implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(IdlePages.class);
    private static final Duration LOOKS = Duration.ofSeconds(10);
    private static final Path STATUS = Path.of("/proc/self/status");

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Stillness stillness = new Stillness();
    private final Counter dropped;

    private IdlePages(MeterRegistry meters) {
        this.dropped =
                Counter.builder("telepath.idle.dropped").baseUnit("bytes").register(meters);
    }

    /** Begins to look, where that is of use. */
    public static IdlePages start(MeterRegistry meters) {
        var pages = new IdlePages(meters);
        if (Executable.isThis() && Files.isReadable(STATUS)) {
            FreeHeap.BUSY.keep();
            Thread.ofVirtual().name("idle-pages").start(pages::watch);
        }
        return pages;
    }

    private void watch() {
        try {
            var pages = new FilePages(Path.of("/proc/self/exe").toRealPath());
            while (!closed.await(LOOKS.toMillis(), TimeUnit.MILLISECONDS)) {
                try (Stream<String> lines = Files.lines(STATUS)) {
                    if (stillness.look(resident(lines))) {
                        // First: a collection looks through the objects of the executable.
                        FreeHeap.BUSY.collectWhileIdle();
                        long bytes = pages.drop();
                        dropped.increment(bytes);
                        LOG.debugf("pages of the executable dropped MiB=%d", bytes >> 20);
                    }
                }
            }
        } catch (IOException e) {
            LOG.infof("idle pages stay in memory cause=\"%s\"", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Bytes that are in memory, pages of files among them (proc_pid_status(5), VmRSS); 0 when that is not told. */
    static long resident(Stream<String> status) {
        return status.filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(FilePages::bytes)
                .findFirst()
                .orElse(0);
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
