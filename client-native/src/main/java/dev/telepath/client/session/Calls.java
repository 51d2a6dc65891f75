package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for answers on threads that may block: virtual threads of the daemon, never an event loop. */
public final class Calls {
    private Calls() {}

    /**
     * @param doing what is attempted, for the message
     * @throws Failure what it failed with, or that it took too long
     */
    public static <T> T await(String doing, Uni<T> answer, Duration most) {
        var pending = answer.subscribeAsCompletionStage();
        try {
            return pending.get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            pending.cancel(true);
            throw ManagerFailures.of(e, doing);
        } catch (InterruptedException e) {
            pending.cancel(true);
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "cannot " + doing + ": interrupted", "", e);
        }
    }
}
