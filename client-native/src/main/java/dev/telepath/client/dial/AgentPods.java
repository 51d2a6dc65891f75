package dev.telepath.client.dial;

import dev.telepath.client.session.Attachment;
import dev.telepath.protocol.telepresence.agent.AgentGrpc;
import dev.telepath.protocol.telepresence.agent.MutinyAgentGrpc;
import dev.telepath.protocol.telepresence.manager.AgentPodInfo;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.ManagedChannel;
import io.netty.channel.EventLoopGroup;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.subscription.Cancellable;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Dial requests straight from agents, for managers that do not relay (2.21 and newer): one clear-text connection to every
 * agent pod that an engagement of ours chose, with a dial watch on it.
 *
 * <p>Thread-safe; never blocks.
 */
public final class AgentPods {
    private static final Logger LOG = Logger.getLogger(AgentPods.class);

    private final DialResponder responder;
    private final EventLoopGroup loops;
    private final ManagerChannel.Limits limits;
    private final Backoff backoff;
    private final Map<ManagerAddress, Link> links = new HashMap<>();

    public AgentPods(DialResponder responder, EventLoopGroup loops, ManagerChannel.Limits limits, Backoff backoff) {
        this.responder = responder;
        this.loops = loops;
        this.limits = limits;
        this.backoff = backoff;
    }

    /** Follows the manager's list of agent pods until the attachment ends. */
    void watch(Attachment attachment) {
        attachment.optional(
                "agent pods",
                () -> attachment
                        .capabilities()
                        .watch(
                                Capability.WATCH_AGENT_PODS,
                                () -> pods(attachment),
                                () -> Multi.createFrom().nothing()),
                pods -> chosen(attachment.session(), pods));
    }

    private static Multi<Collection<AgentPodInfo>> pods(Attachment attachment) {
        return attachment
                .capabilities()
                .watch(
                        Capability.DELTAS,
                        () -> deltas(attachment),
                        () -> attachment
                                .watch()
                                .watchAgentPods(attachment.session())
                                .map(all -> all.getAgentsList()));
    }

    private static Multi<Collection<AgentPodInfo>> deltas(Attachment attachment) {
        return Multi.createFrom().deferred(() -> {
            Map<String, AgentPodInfo> all = new HashMap<>();
            return attachment.watch().watchAgentPodsDelta(attachment.session()).map(delta -> {
                all.putAll(delta.getUpsertsMap());
                delta.getRemovalsList().forEach(all::remove);
                return Map.copyOf(all).values();
            });
        });
    }

    private synchronized void chosen(SessionInfo session, Collection<AgentPodInfo> pods) {
        Set<ManagerAddress> wanted = new HashSet<>();
        for (AgentPodInfo pod : pods) {
            if (pod.getIntercepted()) {
                address(pod).ifPresent(wanted::add);
            }
        }
        links.entrySet().removeIf(entry -> {
            if (wanted.contains(entry.getKey())) {
                return false;
            }
            entry.getValue().close();
            return true;
        });
        for (ManagerAddress address : wanted) {
            if (!links.containsKey(address)) {
                var link = new Link(address, session);
                links.put(address, link);
                link.watch();
            }
        }
    }

    private static Optional<ManagerAddress> address(AgentPodInfo pod) {
        try {
            String host = InetAddress.getByAddress(pod.getPodIp().toByteArray()).getHostAddress();
            return pod.getApiPort() > 0
                    ? Optional.of(new ManagerAddress(host, pod.getApiPort(), true))
                    : Optional.empty();
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** Ends all connections to agents. */
    synchronized void close() {
        links.values().forEach(Link::close);
        links.clear();
    }

    /** One agent's connection. */
    private final class Link {
        private final ManagerAddress address;
        private final SessionInfo session;
        private final ManagedChannel channel;
        private @Nullable Cancellable watching;
        private boolean closed;
        private int attempt;

        Link(ManagerAddress address, SessionInfo session) {
            this.address = address;
            this.session = session;
            this.channel = ManagerChannel.open(address, Optional.empty(), loops, limits);
        }

        synchronized void watch() {
            if (closed) {
                return;
            }
            watching = MutinyAgentGrpc.newMutinyStub(channel)
                    .watchDial(session)
                    .subscribe()
                    .with(
                            request -> {
                                attempt = 0;
                                responder.answer(channel, AgentGrpc.getTunnelMethod(), session.getSessionId(), request);
                            },
                            failure -> again(String.valueOf(failure.getMessage())),
                            () -> again("the agent ended the watch"));
        }

        private synchronized void again(String why) {
            if (closed) {
                return;
            }
            long wait = backoff.wait(attempt++, ThreadLocalRandom.current()).toMillis();
            LOG.infof("agent away, watched again agent=%s cause=\"%s\" waitMs=%d", address, why, wait);
            loops.schedule(this::watch, wait, TimeUnit.MILLISECONDS);
        }

        synchronized void close() {
            closed = true;
            if (watching != null) {
                watching.cancel();
            }
            channel.shutdownNow();
        }
    }
}
