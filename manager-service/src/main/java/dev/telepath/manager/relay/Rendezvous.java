package dev.telepath.manager.relay;

import dev.telepath.manager.session.Session;
import dev.telepath.manager.settings.Timer;
import dev.telepath.tunnel.frame.ConnectionId;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Where the two calls of a stream meet: one waits under connection id and session, the other answers. A wait that ended
 * without an answer is remembered for a while, so that a late answer is not taken for a new stream.
 *
 * <p>Thread-safe.
 *
 * @param <T> what answers
 */
final class Rendezvous<T> {
    private final Map<Key, Place<T>> places = new ConcurrentHashMap<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Timer timer;
    private final Duration lateAnswer;

    /** What an arriving call is. */
    enum Meeting {
        /** Nobody waits for it: a new stream. */
        NEW,
        /** It answered one that waited. */
        JOINED,
        /** The one that waited has given up. */
        LATE
    }

    private record Key(ConnectionId id, Session session) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key that && id.equals(that.id) && session.equals(that.session);
        }

        @Override
        public int hashCode() {
            return 31 * id.hashCode() + session.hashCode();
        }
    }

    private static final class Place<T> {
        private final CompletableFuture<T> answer = new CompletableFuture<>();
    }

    Rendezvous(Timer timer, Duration lateAnswer) {
        this.timer = timer;
        this.lateAnswer = lateAnswer;
    }

    /**
     * Waits for an answer.
     *
     * @return fails with TimeoutException after the time, with IllegalStateException at once when the place is taken
     */
    CompletionStage<T> await(ConnectionId id, Session session, Duration most) {
        var key = new Key(id, session);
        var place = new Place<T>();
        Place<T> there = places.compute(key, (k, old) -> old == null || old.answer.isDone() ? place : old);
        if (there != place) {
            return CompletableFuture.failedFuture(
                    new IllegalStateException("stream " + id + " is being dialled already"));
        }
        waiting.incrementAndGet();
        Future<?> timeout = timer.after(
                most,
                () -> place.answer.completeExceptionally(
                        new TimeoutException("no answer within " + most.toMillis() + " ms")));
        place.answer.whenComplete((answer, failure) -> {
            waiting.decrementAndGet();
            timeout.cancel(false);
            if (failure == null) {
                places.remove(key, place);
            } else {
                var _ = timer.after(lateAnswer, () -> places.remove(key, place));
            }
        });
        return place.answer;
    }

    /**
     * Ends a wait without an answer; nothing when it is over. By the wait, not by its key: an id comes again as soon as
     * the system gives a caller's port to the next one.
     *
     * @param wait what {@link #await} returned
     */
    void giveUp(CompletionStage<T> wait, String why) {
        wait.toCompletableFuture().completeExceptionally(new IllegalStateException(why));
    }

    /** Ends the waits for sessions that have ended. */
    void sweep() {
        places.forEach((key, place) -> {
            if (key.session().isEnded()) {
                giveUp(place.answer, "the session ended");
            }
        });
    }

    /** A call has come. */
    Meeting answer(ConnectionId id, Session session, T call) {
        Place<T> place = places.get(new Key(id, session));
        if (place == null) {
            return Meeting.NEW;
        }
        return place.answer.complete(call) ? Meeting.JOINED : Meeting.LATE;
    }

    int waiting() {
        return waiting.get();
    }
}
