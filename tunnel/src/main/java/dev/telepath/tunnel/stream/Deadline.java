package dev.telepath.tunnel.stream;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Bounds a wait that each stream has, by a timer of the caller's choice. {@link CompletableFuture#orTimeout} has a thread of its
 * own, which is woken twice for each.
 */
public final class Deadline {
    private Deadline() {}

    /**
     * What that stage becomes; the stage itself goes on.
     *
     * @param timer whose threads end the wait: best the one that the stream is confined to
     * @return fails with a {@link TimeoutException} when it takes longer
     */
    public static <T> CompletableFuture<T> of(CompletionStage<T> stage, Duration most, ScheduledExecutorService timer) {
        CompletableFuture<T> bounded = stage.toCompletableFuture().copy();
        if (!bounded.isDone()) {
            Future<?> end = timer.schedule(
                    () -> bounded.completeExceptionally(new TimeoutException()),
                    most.toMillis(),
                    TimeUnit.MILLISECONDS);
            bounded.whenComplete((done, failure) -> end.cancel(false));
        }
        return bounded;
    }
}
