package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.ManagerFailures;
import dev.telepath.client.session.SessionKeeper;
import dev.telepath.client.session.SessionState;
import dev.telepath.tunnel.stream.StreamFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Commands about the connection itself. They block. */
final class ConnectionCommands {
    /** A command line that does not read loses the oldest news. */
    private static final int NEWS = 16;

    private static final int DISCARD = 9;
    private static final Duration LOOK = Duration.ofMillis(500);

    private ConnectionCommands() {}

    /**
     * Cuts the wait, or makes a live connection anew, and waits for what comes of it.
     *
     * @throws Failure why the try failed; the daemon goes on trying
     */
    static JsonNode reconnect(Engine engine, Duration most) {
        SessionKeeper keeper = engine.session();
        var outcome = new CompletableFuture<SessionState>();
        Runnable end = keeper.onChange(state -> {
            if (!(state instanceof SessionState.Connecting)) {
                outcome.complete(state);
            }
        });
        try {
            keeper.reconnect();
            return switch (outcome.get(most.toMillis(), TimeUnit.MILLISECONDS)) {
                case SessionState.Suspended suspended -> throw suspended.lost().failure();
                case SessionState.Stopped stopped -> throw stopped.failure();
                default -> Views.status(engine);
            };
        } catch (TimeoutException | ExecutionException e) {
            throw new Failure(
                    Kind.UNREACHABLE,
                    "no answer from " + keeper.target().address() + " within " + most.toMillis() + " ms",
                    "the daemon goes on trying; see tp status",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        } finally {
            end.run();
        }
    }

    /**
     * Opens a stream to a port where most likely nobody listens (discard, RFC 863) on the far side's own loopback, and ends
     * it: a refusal from there is as good an answer as a connection.
     *
     * @throws Failure why the far side was not reached
     */
    static JsonNode testStream(Engine engine) {
        long began = System.nanoTime();
        var answered = engine.outbound().open("127.0.0.1", DISCARD).handle((end, failure) -> {
            if (failure == null) {
                end.fail(new StreamFailure.Reset("the test is over"));
            } else if (ManagerFailures.of(failure, "open a stream").kind() != Kind.CONFLICT) {
                throw new CompletionException(failure);
            }
            return Duration.ofNanos(System.nanoTime() - began).toMillis();
        });
        try {
            // The open bounds itself, by the time-outs of dial and round trip.
            return Wire.JSON
                    .createObjectNode()
                    .put("millis", answered.toCompletableFuture().join())
                    .put("resumable", engine.streams().offered());
        } catch (CompletionException e) {
            throw ManagerFailures.of(e, "open a stream");
        }
    }

    /** Tells when the connection is suspended and when it is back, until the caller goes. */
    static JsonNode notices(SessionKeeper keeper, Caller caller) {
        BlockingQueue<SessionState> news = new LinkedBlockingQueue<>(NEWS);
        Runnable end = keeper.onChange(state -> {
            if (!news.offer(state)) {
                news.poll();
                news.offer(state);
            }
        });
        ObjectNode over = Wire.JSON.createObjectNode().put("over", true);
        boolean away = false;
        try {
            while (!caller.gone()) {
                SessionState next = news.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                Optional<String> text = next == null ? Optional.empty() : notice(next, away);
                text.ifPresent(caller::progress);
                away = text.isPresent() ? !away : away;
                if (next instanceof SessionState.Stopped) {
                    return over;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            end.run();
        }
        return over;
    }

    private static Optional<String> notice(SessionState state, boolean away) {
        return switch (state) {
            case SessionState.Suspended suspended
            when !away ->
                Optional.of(
                        "connection suspended: " + suspended.lost().failure().message());
            case SessionState.Stopped stopped
            when !away ->
                stopped.lost()
                        .map(lost -> "connection stopped: " + lost.failure().message());
            case SessionState.Attached attached when away -> Optional.of("connection is back");
            default -> Optional.empty();
        };
    }
}
