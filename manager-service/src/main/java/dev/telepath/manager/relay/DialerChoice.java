package dev.telepath.manager.relay;

import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import io.netty.util.NetUtil;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;

/** Which agents may dial for a client, best first. Thread-safe. */
@Singleton
public final class DialerChoice {
    private final Sessions sessions;
    private final Engagements engagements;
    private final DialWatchers watchers;

    @Inject
    DialerChoice(Sessions sessions, Engagements engagements, DialWatchers watchers) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.watchers = watchers;
    }

    /**
     * The agent whose address is the destination, then one that the client engages, then any of its namespace. Only those
     * that watch for dial requests.
     */
    List<AgentSession> of(ClientSession client, InetAddress destination) {
        return of(client, destination, agent -> false);
    }

    /**
     * As {@link #of(ClientSession, InetAddress)}.
     *
     * @param reachable agents that can be asked in another way than by dial requests
     */
    public List<AgentSession> of(ClientSession client, InetAddress destination, Predicate<AgentSession> reachable) {
        return sessions.agents().stream()
                .filter(agent ->
                        client.owner().sees(agent.owner()) && (watchers.watches(agent) || reachable.test(agent)))
                .filter(agent -> rank(client, agent, destination) != Rank.NONE)
                .sorted(Comparator.comparing((AgentSession agent) -> rank(client, agent, destination)))
                .toList();
    }

    private enum Rank {
        DESTINATION,
        ENGAGED,
        NAMESPACE,
        NONE
    }

    private Rank rank(ClientSession client, AgentSession agent, InetAddress destination) {
        byte[] address = NetUtil.createByteArrayFromIpAddressString(agent.info().getPodIp());
        if (address != null && java.util.Arrays.equals(address, destination.getAddress())) {
            return Rank.DESTINATION;
        }
        if (engagements.engages(client, agent.workload())) {
            return Rank.ENGAGED;
        }
        return agent.workload().namespace().equals(client.namespace()) ? Rank.NAMESPACE : Rank.NONE;
    }
}
