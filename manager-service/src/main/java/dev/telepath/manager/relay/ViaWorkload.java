package dev.telepath.manager.relay;

import com.google.protobuf.ByteString;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.workload.Offers;
import dev.telepath.manager.workload.WorkloadAccess;
import dev.telepath.protocol.v1.Offering;
import dev.telepath.tunnel.frame.ConnectionId;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/** Which agents may dial for a client that wants those of one workload alone, whatever the destination. Thread-safe. */
@Singleton
public final class ViaWorkload {
    private final Sessions sessions;
    private final WorkloadAccess access;
    private final Offers offers;
    private final DialWatchers watchers;

    @Inject
    ViaWorkload(Sessions sessions, WorkloadAccess access, Offers offers, DialWatchers watchers) {
        this.sessions = sessions;
        this.access = access;
        this.offers = offers;
        this.watchers = watchers;
    }

    /**
     * The agents of the workload, those first that can be asked now. What an agent lends on its own loopback is for that agent
     * to dial, whatever the client wants of the network around it.
     *
     * @param name a workload of the client's namespace
     * @param reachable agents that can be asked in another way than by dial requests
     * @return empty when the workload has none; fails with a {@link io.grpc.StatusRuntimeException} when the client may not
     *     engage it
     */
    public CompletionStage<List<AgentSession>> agents(
            ClientSession client, String name, ConnectionId id, Predicate<AgentSession> reachable) {
        var key = new WorkloadKey(client.namespace(), name);
        return access.check(client.owner(), key).thenApply(allowed -> {
            List<AgentSession> lenders = sessions.agents().stream()
                    .filter(agent -> client.owner().sees(agent.owner()) && lends(agent, id))
                    .toList();
            return lenders.isEmpty() ? ofWorkload(client, key, reachable) : lenders;
        });
    }

    private List<AgentSession> ofWorkload(ClientSession client, WorkloadKey key, Predicate<AgentSession> reachable) {
        return sessions.agents(client.owner(), key).stream()
                .sorted(Comparator.comparing(agent -> !watchers.watches(agent) && !reachable.test(agent)))
                .toList();
    }

    private boolean lends(AgentSession agent, ConnectionId id) {
        return offers.of(agent)
                .filter(Offering::hasShare)
                .map(Offering::getShare)
                .filter(share -> share.getPort() == id.destinationPort() || share.getSftpPort() == id.destinationPort())
                .filter(share -> share.getAddress()
                        .equals(ByteString.copyFrom(id.destinationAddress().getAddress())))
                .isPresent();
    }

    /** Says that nobody can dial. */
    public static String none(ClientSession client, String name) {
        return "no agent of workload " + new WorkloadKey(client.namespace(), name) + " is attached";
    }
}
