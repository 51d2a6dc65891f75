package dev.telepath.agent.divert;

import dev.telepath.agent.engage.Engagement;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.stream.Deadline;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeoutException;

/** Opens streams to clients by the first way that leads there. Thread-safe. */
public final class Diversions {
    /** The peer tells of its own deadline first; this is for a peer that says nothing. */
    private static final Duration MARGIN = Duration.ofSeconds(1);

    private final List<ClientPath> paths;
    private final ScheduledExecutorService timer;

    /**
     * @param paths in order of preference
     * @param timer of those that do not answer
     */
    public Diversions(List<ClientPath> paths, ScheduledExecutorService timer) {
        this.paths = List.copyOf(paths);
        this.timer = timer;
    }

    /**
     * Opens a stream and waits for the client's edge to dial.
     *
     * @return the dialled stream, on any thread. Fails with {@link StreamFailure.DialRefused} when the local process
     *     refused; with another {@link StreamFailure} when the client was not reached, and then nothing was sent to it.
     */
    public CompletionStage<RemoteEnd> open(Engagement engagement, ConnectionId id) {
        return open(engagement, id, 0);
    }

    private CompletionStage<RemoteEnd> open(Engagement engagement, ConnectionId id, int from) {
        for (int index = from; index < paths.size(); index++) {
            int next = index + 1;
            Optional<CompletableFuture<RemoteEnd>> opening = paths.get(index).open(engagement, id);
            if (opening.isPresent()) {
                return dialled(engagement, opening.get())
                        .exceptionallyCompose(failure -> StreamFailure.of(failure) instanceof StreamFailure.NotOffered
                                ? open(engagement, id, next)
                                : CompletableFuture.failedFuture(failure));
            }
        }
        return CompletableFuture.failedFuture(new StreamFailure.ConnectionLost(
                "no manager is attached that relays dials, and the client does not watch at this agent"));
    }

    private CompletionStage<RemoteEnd> dialled(Engagement engagement, CompletableFuture<RemoteEnd> end) {
        var result = new CompletableFuture<RemoteEnd>();
        Duration patience = engagement.dialTimeout().plus(engagement.latency()).plus(MARGIN);
        Deadline.of(end.thenCompose(RemoteEnd::dialled), patience, timer).whenComplete((ok, failure) -> {
            if (failure == null) {
                result.complete(end.join());
                return;
            }
            StreamFailure why = failure instanceof TimeoutException
                    ? new StreamFailure.DialTimedOut("the client did not answer within " + patience.toMillis() + " ms")
                    : StreamFailure.of(failure);
            end.thenAccept(late -> late.fail(new StreamFailure.Reset(String.valueOf(why.getMessage()))));
            end.cancel(false);
            result.completeExceptionally(why);
        });
        return result;
    }
}
