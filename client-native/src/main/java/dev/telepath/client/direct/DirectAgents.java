package dev.telepath.client.direct;

import dev.telepath.client.carry.ClientStreams;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.network.OwnDevice;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.session.Participant;
import dev.telepath.client.session.Policy;
import dev.telepath.client.session.Transport;
import dev.telepath.client.session.Way;
import dev.telepath.protocol.v1.DirectAgent;
import dev.telepath.protocol.v1.DirectWatch;
import dev.telepath.protocol.v1.MutinyDirectLinksGrpc;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.capability.Capabilities.Support;
import dev.telepath.tunnel.capability.Capability;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Connections to the agents of what this client engages, past the manager: as many as the manager lists, 64 at most, the
 * rest goes by the manager. They stay while the manager is away, and end when it lists the agent no more or knows this
 * client by another session.
 *
 * <p>Thread-safe. Has the gauges {@code telepath.direct.agents} and {@code telepath.direct.connections}.
 */
public final class DirectAgents implements Participant, AutoCloseable {
    private static final Logger LOG = Logger.getLogger(DirectAgents.class);
    /** Connections at one time: each costs memory here and a watch there, and a client engages a handful of workloads. */
    private static final int MOST = 64;
    /** More than a channel may take to be gone. */
    private static final Duration CLOSE = Duration.ofSeconds(3);

    private final boolean wanted;
    private final Means means;
    /** How long a connection stays that the manager lists no more: one that has just started lists agents as they come back. */
    private final Duration unlisted;

    private final List<Gauge> gauges;
    private final Map<String, DirectConnection> connections = new HashMap<>();
    private @Nullable Attachment current;
    private String session = "";
    private int listed;
    private boolean tooMany;
    private boolean closed;

    /**
     * What is seen of them.
     *
     * @param agents that the manager lists
     * @param connected of them, by whichever way
     * @param forwarded of those, by a port-forward
     */
    public record Counts(int agents, int connected, int forwarded) {}

    /**
     * @param streams told of each attachment before this is
     * @param way to the manager
     * @param settings say whether there are any at all
     */
    public DirectAgents(
            ClientStreams streams,
            Way way,
            Settings settings,
            Policy policy,
            EventLoopGroup loops,
            Credit credit,
            MeterRegistry metrics) {
        this.wanted = !settings.text(Setting.STREAM_DIRECT).equals("off");
        this.means = new Means(
                streams,
                loops,
                credit,
                policy,
                way,
                settings.text(Setting.STREAM_DIRECT).equals("on"),
                settings.duration(Setting.TIMEOUT_DIRECT),
                OwnDevice.of(settings),
                metrics);
        this.unlisted = policy.heartbeat().limit().multipliedBy(2);
        this.gauges = List.of(
                Gauge.builder("telepath.direct.agents", () -> counts().agents()).register(metrics),
                connected(Transport.DIRECT, () -> counts().connected() - counts().forwarded()),
                connected(Transport.FORWARDED, () -> counts().forwarded()));
    }

    private Gauge connected(String transport, Supplier<Number> count) {
        return Gauge.builder("telepath.direct.connections", count)
                .tag("transport", transport)
                .register(means.metrics());
    }

    @Override
    public void attached(Attachment attachment) {
        if (begin(attachment)) {
            var watch =
                    DirectWatch.newBuilder().setSessionId(attachment.session().getSessionId());
            attachment.optional(
                    "direct agents",
                    () -> MutinyDirectLinksGrpc.newMutinyStub(attachment.channel())
                            .watchAgents(watch.build()),
                    told -> show(attachment, told.getAgentsList()));
        }
    }

    private synchronized boolean begin(Attachment attachment) {
        boolean offered = wanted
                && !closed
                && means.streams().offered()
                && attachment.capabilities().of(Capability.DIRECT_LINKS) == Support.SUPPORTED;
        String now = attachment.session().getSessionId();
        if (!offered || !now.equals(session)) {
            listed = 0;
            endAll();
        }
        session = now;
        if (current != null
                && current.transport() instanceof Transport.PortForward
                && attachment.transport() instanceof Transport.Direct) {
            // Where the manager's address is reached now, those of agents may be.
            connections.values().forEach(DirectConnection::reconsider);
        }
        current = attachment;
        return offered;
    }

    /** The snapshots of an attachment that another has followed say nothing any more. */
    private synchronized void show(Attachment from, List<DirectAgent> told) {
        if (from == current && !closed) {
            become(told);
        }
    }

    private void become(List<DirectAgent> told) {
        Map<String, ListedAgent> next = new LinkedHashMap<>();
        for (DirectAgent each : told) {
            ListedAgent.of(each)
                    .ifPresentOrElse(
                            agent -> next.put(agent.session(), agent),
                            () -> LOG.debugf("an agent is listed that cannot be agent=%s", each.getSessionId()));
        }
        listed = next.size();
        endWhere(each -> {
            ListedAgent now = next.get(each.agent().session());
            return now == null ? each.isUnlistedFor(unlisted) : !now.isAt(each.agent());
        });
        next.values().forEach(this::keep);
        boolean more = listed > MOST;
        if (more && !tooMany) {
            LOG.infof("not all agents get direct connections agents=%d most=%d", listed, MOST);
        }
        tooMany = more;
    }

    private void keep(ListedAgent agent) {
        DirectConnection known = connections.get(agent.session());
        if (known != null) {
            known.refresh(agent.ticket());
        } else if (connections.size() < MOST) {
            var fresh = new DirectConnection(agent, session, means);
            connections.put(agent.session(), fresh);
            fresh.start();
        }
    }

    @Override
    public synchronized void tick(Attachment attachment) {
        endWhere(each -> !each.isListed() && each.isUnlistedFor(unlisted));
    }

    private void endWhere(Predicate<DirectConnection> over) {
        connections.values().removeIf(each -> {
            boolean ends = over.test(each);
            if (ends) {
                var _ = each.end();
            }
            return ends;
        });
    }

    @Override
    public synchronized void networkChanged() {
        connections.values().forEach(DirectConnection::networkChanged);
    }

    /** How many agents the manager lists, and to how many of them there is a connection now, by which way. */
    public synchronized Counts counts() {
        long connected = connections.values().stream()
                .filter(DirectConnection::isAttached)
                .count();
        long forwarded = connections.values().stream()
                .filter(DirectConnection::isForwarded)
                .count();
        return new Counts(listed, (int) connected, (int) forwarded);
    }

    /** Ends all connections and waits until they are gone, three seconds at most. Blocks. */
    @Override
    public void close() {
        CompletableFuture.allOf(
                        end().stream().map(CompletionStage::toCompletableFuture).toArray(CompletableFuture<?>[]::new))
                .completeOnTimeout(null, CLOSE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
        gauges.forEach(means.metrics()::remove);
    }

    private synchronized List<CompletionStage<Void>> end() {
        closed = true;
        listed = 0;
        return endAll();
    }

    private List<CompletionStage<Void>> endAll() {
        List<CompletionStage<Void>> ending =
                connections.values().stream().map(DirectConnection::end).toList();
        connections.clear();
        return ending;
    }
}
