package dev.telepath.tunnel.memory;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Collects what the start and past load have left behind while there is little to do: the serial collector of an executable looks
 * for garbage only when its young generation is full, which that of an idle program never is. A smaller one costs every request
 * (docs/benchmarks-runs.md). In executables alone. Confined to one thread.
 */
public final class IdleCollections {
    /** How often to {@link #look}. */
    public static final Duration LOOKS = Duration.ofSeconds(10);

    private static final Logger LOG = Logger.getLogger(IdleCollections.class);
    /** Of GraalVM: set to this in an executable. */
    private static final String IMAGE = "org.graalvm.nativeimage.imagecode";

    private final IdleHeap heap = new IdleHeap();
    private final Counter collections;
    private final FreeHeap atWork;

    private IdleCollections(MeterRegistry meters, FreeHeap atWork) {
        this.atWork = atWork;
        this.collections = meters.counter("telepath.idle.collections");
    }

    /**
     * For this process, if it is an executable.
     *
     * @param atWork what is kept from now on of what collections free, except by those of an idle program
     */
    public static Optional<IdleCollections> ofExecutable(MeterRegistry meters, FreeHeap atWork) {
        var collections = new IdleCollections(meters, atWork);
        if (!"runtime".equals(System.getProperty(IMAGE))) {
            return Optional.empty();
        }
        atWork.keep();
        return Optional.of(collections);
    }

    /** Looks once, and collects if that is worth its pause: some ten milliseconds. */
    public void look() {
        long used = used();
        if (heap.look(used)) {
            long began = System.nanoTime();
            atWork.collectWhileIdle();
            long live = used();
            heap.collected(live);
            collections.increment();
            LOG.debugf(
                    "collected while idle beforeMiB=%d afterMiB=%d millis=%d",
                    used >> 20, live >> 20, (System.nanoTime() - began) / 1_000_000);
        }
    }

    private static long used() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
