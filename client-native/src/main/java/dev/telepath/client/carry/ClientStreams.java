package dev.telepath.client.carry;

import dev.telepath.client.dial.DialResponder;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Participant;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.MutinyStreamsGrpc;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.capability.Capabilities.Support;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.carry.Acceptor;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.Carrier;
import dev.telepath.tunnel.carry.Initiator;
import dev.telepath.tunnel.carry.ResumableEnd;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.reconnect.Backoff;
import java.time.Duration;
import java.util.Optional;

/**
 * The client's edge of resumable streams: brings them to each new attachment where the manager has them. Thread-safe.
 */
public final class ClientStreams implements Participant, AutoCloseable {
    private static final Duration GOODBYE = Duration.ofSeconds(1);

    private final CarriedStreams streams;
    private final Initiator initiator;
    private final Acceptor acceptor;
    private final Credit credit;
    private final boolean wanted;
    private final Optional<SessionInfo> inherited;
    private volatile boolean offered;

    /**
     * @param wanted false leaves all streams to the older kind
     * @param inherited the session that an earlier daemon had, if any; what that one had opened is over
     */
    public ClientStreams(
            CarriedStreams streams,
            DialResponder responder,
            Credit credit,
            Backoff backoff,
            boolean wanted,
            Optional<SessionInfo> inherited) {
        this.streams = streams;
        this.inherited = inherited;
        this.wanted = wanted;
        this.credit = credit;
        this.initiator = new Initiator(streams, backoff);
        this.acceptor = new Acceptor(streams, (id, timeout, peer) -> responder.dial(id, timeout));
    }

    @Override
    public void attached(Attachment attachment) {
        offered = wanted && attachment.capabilities().of(Capability.RESUMABLE_STREAMS) == Support.SUPPORTED;
        if (!offered) {
            return;
        }
        String session = attachment.session().getSessionId();
        Carrier carrier = Carrier.over(attachment.channel(), credit);
        acceptor.attached(carrier, session);
        attachment.essential(
                "links",
                MutinyStreamsGrpc.newMutinyStub(attachment.channel())
                        .watchLinks(LinkWatch.newBuilder()
                                .setSessionId(session)
                                .setRun(isInherited(session) ? initiator.run() : 0)
                                .build()),
                acceptor::requested);
        initiator.attached(
                carrier, session, attachment.capabilities().of(Capability.VIA_WORKLOAD) == Support.SUPPORTED);
    }

    private boolean isInherited(String session) {
        return inherited.filter(old -> old.getSessionId().equals(session)).isPresent();
    }

    @Override
    public void detached() {
        initiator.detached();
        acceptor.detached();
    }

    /**
     * Opens a stream to wherever the manager finds a way; empty when the manager has only the older kind.
     *
     * @param via the workload whose agents alone may dial; empty: whoever can
     */
    public Optional<ResumableEnd> open(ConnectionId id, Duration dialTimeout, String via) {
        return offered ? Optional.of(initiator.openVia(via, id, dialTimeout)) : Optional.empty();
    }

    /** Whether streams survive a lost connection: wanted, and offered by the manager that was attached last. */
    public boolean offered() {
        return offered;
    }

    /**
     * An agent itself wants a link, past the manager. Any thread.
     *
     * @param there the connection to that agent
     * @param initiator the agent's session
     */
    public void requested(LinkRequest request, Carrier there, String initiator) {
        acceptor.requested(request, there, initiator);
    }

    /** There is a connection to that agent itself: streams that it dials go that way from now on. Any thread. */
    public void direct(String agent, Carrier way) {
        initiator.direct(agent, way);
    }

    /** That connection is gone. Any thread. */
    public void noDirect(String agent, Carrier way) {
        initiator.noDirect(agent, way);
    }

    /** What is open and what is suspended. */
    public CarriedStreams streams() {
        return streams;
    }

    /** Ends all streams and waits until their other edges know, a second at most. Blocks. */
    @Override
    public void close() {
        initiator.close();
        acceptor.close();
        streams.quiet(GOODBYE).toCompletableFuture().join();
    }
}
