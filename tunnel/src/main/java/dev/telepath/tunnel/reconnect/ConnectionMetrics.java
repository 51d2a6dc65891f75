package dev.telepath.tunnel.reconnect;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

/**
 * The meters of one supervised connection: {@code telepath.connection.state} (0 suspended, 1 connecting, 2 attached, 3
 * stopped), {@code telepath.reconnects} by cause, and {@code telepath.resume} from the loss of a session to the next.
 * Thread-safe.
 */
public final class ConnectionMetrics implements AutoCloseable {
    private final MeterRegistry meters;
    private final Gauge gauge;
    private final Timer resume;
    private volatile int state = new State.Idle().number();

    public ConnectionMetrics(MeterRegistry meters) {
        this.meters = meters;
        this.gauge = Gauge.builder("telepath.connection.state", () -> state).register(meters);
        this.resume = meters.timer("telepath.resume");
    }

    /** Counts a change of state. */
    public void count(Action.Report report) {
        state = report.to().number();
        report.loss()
                .ifPresent(loss -> meters.counter(
                                "telepath.reconnects", "cause", loss.cause().label())
                        .increment());
        report.away().ifPresent(resume::record);
    }

    /** Takes the gauge away, so that the next connection of this program can have one. */
    @Override
    public void close() {
        meters.remove(gauge);
    }
}
