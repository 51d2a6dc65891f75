package dev.telepath.agent.split;

import dev.telepath.agent.engage.Engagement;
import dev.telepath.agent.engage.Engagements.Hold;
import dev.telepath.tunnel.stream.StreamEnd;
import java.util.concurrent.CompletionStage;

/** Where the requests of one connection can go. */
public interface Ways {
    /** Who has the port now. */
    Hold hold();

    /** Dials the workload; completes or fails on any thread. */
    CompletionStage<? extends StreamEnd> workload();

    /**
     * Dials the client's local process; completes or fails on any thread. Fails with
     * {@link dev.telepath.tunnel.stream.StreamFailure.DialRefused} when the process refused, otherwise when the client was
     * not reached.
     */
    CompletionStage<? extends StreamEnd> client(Engagement engagement);

    /** A request was decided on. */
    void decided(boolean toClient);
}
