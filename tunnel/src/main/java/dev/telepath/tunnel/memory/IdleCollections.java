package dev.telepath.manager.memory;

import dev.telepath.manager.settings.Timer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.jboss.logging.Logger;

/**
 * Collects what the start and past load have left behind while there is little to do: the serial collector of an executable looks
 * for garbage only when its young generation is full, which an idle manager's never is. A smaller one costs every request
 * (docs/benchmarks.md). In executables alone. Confined to the timer thread.
 */
@Singleton
public final class IdleCollections {
    private static final Logger LOG = Logger.getLogger(IdleCollections.class);
    private static final Duration LOOKS = Duration.ofSeconds(10);
    /** Of GraalVM: set to this in an executable. */
    private static final String IMAGE = "org.graalvm.nativeimage.imagecode";

    private final IdleHeap heap = new IdleHeap();
    private final Counter collections;

    @Inject
    IdleCollections(MeterRegistry meters) {
        this.collections = meters.counter("telepath.idle.collections");
    }

    void start(@Observes StartupEvent event, Timer timer) {
        if ("runtime".equals(System.getProperty(IMAGE))) {
            var _ = timer.every(LOOKS, this::look);
        }
    }

    /** Looks once. */
    void look() {
        long used = used();
        if (heap.look(used)) {
            long began = System.nanoTime();
            System.gc();
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
