package dev.telepath.agent.divert;

import dev.telepath.agent.engage.Engagement;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Opens streams to clients by the first way that leads there. Thread-safe. */
public final class Diversions {
    /** The peer tells of its own deadline first; this is for a peer that says nothing. */
    private static final Duration MARGIN = Duration.ofSeconds(1);

    private final List<ClientPath> paths;

    /**
     * @param paths in order of preference
     */
    public Diversions(List<ClientPath> paths) {
        this.paths = List.copyOf(paths);
    }

    /**
     * Opens a stream and waits for the client's edge to dial.
     *
     * @return the dialled stream, on any thread. Fails with {@link StreamFailure.DialRefused} when the local process
     *     refused; with another {@link StreamFailure} when the client was not reached, and then nothing was sent to it.
     */
    public CompletionStage<TunnelCall> open(Engagement engagement, ConnectionId id) {
        Optional<CompletableFuture<TunnelCall>> opening = paths.stream()
                .map(path -> path.open(engagement, id))
                .flatMap(Optional::stream)
                .findFirst();
        if (opening.isEmpty()) {
            return CompletableFuture.failedFuture(new StreamFailure.ConnectionLost(
                    "no manager is attached that relays dials, and the client does not watch at this agent"));
        }
        CompletableFuture<TunnelCall> call = opening.get();
        var dialled = call.thenCompose(TunnelCall::dialled).toCompletableFuture();
        var result = new CompletableFuture<TunnelCall>();
        long patience =
                engagement.dialTimeout().plus(engagement.latency()).plus(MARGIN).toMillis();
        dialled.orTimeout(patience, TimeUnit.MILLISECONDS).whenComplete((ok, failure) -> {
            if (failure == null) {
                result.complete(call.join());
                return;
            }
            StreamFailure why = failure instanceof TimeoutException
                    ? new StreamFailure.DialTimedOut("the client did not answer within " + patience + " ms")
                    : StreamFailure.of(failure);
            call.thenAccept(late -> late.fail(new StreamFailure.Reset(String.valueOf(why.getMessage()))));
            call.cancel(false);
            result.completeExceptionally(why);
        });
        return result;
    }
}
