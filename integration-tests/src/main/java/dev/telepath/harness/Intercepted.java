package dev.telepath.harness;

import io.vertx.core.Vertx;

/**
 * An installation whose workload {@code web} is intercepted by the laptop of its first user: where most suites of streams
 * begin.
 *
 * @param web the port that callers of the workload use
 */
public record Intercepted(
        Installation telepath, SampleService workload, SampleService laptop, Running manager, Running agent, int web)
        implements AutoCloseable {
    /** Starts all of it; the traffic may take a moment to be diverted. */
    public static Intercepted start(Vertx vertx, String heap) {
        Installation telepath = Installation.temporary().init().heap(heap);
        Running manager = telepath.startManager();
        SampleService workload = SampleService.start(vertx, "workload", 0);
        SampleService laptop = SampleService.start(vertx, "laptop", 0);
        Running agent = telepath.startAgent("web", workload.port());
        telepath.connect().orFail();
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        return new Intercepted(telepath, workload, laptop, manager, agent, agent.port("port-http"));
    }

    @Override
    public void close() {
        telepath.close();
        workload.close();
        laptop.close();
    }
}
