package dev.telepath.manager.session;

import io.grpc.Status;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

/** Whether the manager is about to end and takes nothing new. Thread-safe. */
@Singleton
public final class Draining {
    private volatile boolean begun;

    @Inject
    Draining(MeterRegistry meters) {
        Gauge.builder("telepath.manager.draining", () -> begun ? 1 : 0).register(meters);
    }

    /** From now on nothing new is taken. */
    public void begin() {
        begun = true;
    }

    public boolean begun() {
        return begun;
    }

    /** What a caller that wants something new is told. Edges class it as an end that the manager chose. */
    public static Status refusal() {
        return Status.UNAVAILABLE.withDescription("the manager is shutting down and takes nothing new; try again");
    }

    /**
     * Lets pass what is new, while that is taken.
     *
     * @throws io.grpc.StatusRuntimeException UNAVAILABLE once the drain has begun
     */
    public void check() {
        if (begun) {
            throw refusal().asRuntimeException();
        }
    }
}
