package dev.telepath.agent.divert;

import dev.telepath.agent.engage.Engagement;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.stream.RemoteEnd;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** One way to reach the client of an engagement. Thread-safe. */
public interface ClientPath {
    /**
     * Asks for a stream.
     *
     * @return empty when this way does not lead there now; else the stream as soon as it is there, not yet dialled.
     *     Cancelling the future gives up waiting for it.
     */
    Optional<CompletableFuture<RemoteEnd>> open(Engagement engagement, ConnectionId id);
}
