package dev.telepath.client.dns;

import dev.telepath.client.config.Settings;
import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.client.session.Attachment;
import dev.telepath.dns.Lookup;
import dev.telepath.dns.NameServers;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** The names of one connection to a cluster, put together. Thread-safe, never blocks. */
public final class ClusterDns implements AutoCloseable {
    /** Wait before a far side that could not be asked for loops is asked again. */
    private static final Duration PROBE_AGAIN = Duration.ofSeconds(10);

    private final DnsSettings settings;
    private final String namespace;
    private final Supplier<Set<String>> namespaces;
    private final Supplier<ClusterNetwork> network;
    private final DnsMetrics metrics;
    private final ClusterLookup lookup;
    private final NameServers others;
    private final LoopProbe probe;
    private final SplitResolver resolver;
    private volatile Seen seen;

    /** Names as they were decided last, and what of. */
    private record Seen(ClusterNetwork network, Set<String> namespaces, Set<String> loops, ClusterNames names) {}

    /**
     * Asks nobody before {@link #start()} or a question.
     *
     * @param namespace the connected one
     * @param namespaces further ones whose names are the cluster's, as they are known now; must not block
     * @param network what the cluster tells of itself now; must not block
     * @param attachments the attachment as soon as there is one; waited for at most 2 s
     * @param servers this machine's own name servers; {@code dns.servers} overrides them
     * @param tos IP_TOS of sockets to those servers, so that a redirect can tell them from others'; 0 = none
     * @throws dev.telepath.client.failure.Failure of kind USAGE for a {@code dns.*} setting that cannot be read
     */
    public ClusterDns(
            Settings settings,
            String namespace,
            Supplier<Set<String>> namespaces,
            Supplier<ClusterNetwork> network,
            Supplier<CompletionStage<Attachment>> attachments,
            List<InetSocketAddress> servers,
            int tos,
            Translation translation,
            EventLoopGroup loops,
            MeterRegistry metrics) {
        this(
                DnsSettings.of(settings),
                namespace,
                namespaces,
                network,
                new ManagerLookups(attachments, DnsSettings.of(settings).lookupTimeout()),
                servers,
                tos,
                translation,
                loops,
                metrics);
    }

    /** The same with another far side. */
    ClusterDns(
            DnsSettings settings,
            String namespace,
            Supplier<Set<String>> namespaces,
            Supplier<ClusterNetwork> network,
            Lookup far,
            List<InetSocketAddress> servers,
            int tos,
            Translation translation,
            EventLoopGroup loops,
            MeterRegistry registry) {
        this.settings = settings;
        this.namespace = namespace;
        this.namespaces = namespaces;
        this.network = network;
        this.metrics = new DnsMetrics(registry);
        var cache =
                new AnswerCache(System::nanoTime, settings.cacheTtl(), settings.negativeTtl(), settings.cacheEntries());
        this.lookup = new ClusterLookup(far, cache, settings.lookupTimeout(), metrics);
        this.others = new NameServers(
                loops, settings.servers().isEmpty() ? servers : settings.servers(), tos, NameServers.Patience.USUAL);
        this.probe = new LoopProbe(far, this::toProbe, PROBE_AGAIN, settings.lookupTimeout());
        this.seen = see(network.get(), namespaces.get(), Set.of());
        this.resolver = new SplitResolver(settings, this::names, translation, lookup, others, probe, metrics);
    }

    private List<String> toProbe() {
        var suffixes = new ArrayList<String>(settings.include());
        suffixes.add(names().view().domain());
        return suffixes;
    }

    private Seen see(ClusterNetwork now, Set<String> known, Set<String> loops) {
        return new Seen(
                now, known, loops, new ClusterNames(settings, ClusterNames.View.of(now, namespace, known, loops)));
    }

    private ClusterNames names() {
        Seen last = seen;
        ClusterNetwork now = network.get();
        Set<String> known = namespaces.get();
        boolean same = now.equals(last.network)
                && known.equals(last.namespaces)
                && probe.loops().size() == last.loops.size();
        if (same) {
            return last.names;
        }
        Seen fresh = see(now, known, Set.copyOf(probe.loops()));
        seen = fresh;
        return fresh.names;
    }

    /** Looks, once there is an attachment, whether the cluster's DNS asks this machine. Once. */
    public void start() {
        probe.start();
    }

    /** Answers questions, whichever way they come. */
    public Resolver resolver() {
        return resolver;
    }

    /** This machine's own name servers are others now. Nothing happens where {@code dns.servers} is set. */
    public void servers(List<InetSocketAddress> now) {
        if (settings.servers().isEmpty()) {
            others.use(now);
        }
    }

    /**
     * Domains whose names are asked for here where a machine can only tell by the domain: the cluster's own first, then services',
     * namespaces' and included ones. Names under them that are not the cluster's are handed on as ever.
     */
    public List<String> domains() {
        ClusterNames.View view = names().view();
        var domains = new LinkedHashSet<>(List.of(view.domain(), "svc"));
        domains.addAll(new TreeSet<>(view.namespaces()));
        settings.include().stream().filter(each -> !view.loops().contains(each)).forEach(domains::add);
        return List.copyOf(domains);
    }

    public DnsStatus status() {
        return new DnsStatus(
                names().view().domain(),
                namespace,
                others.servers().stream().map(ClusterDns::text).toList(),
                metrics.questions(DnsMetrics.Kind.CLUSTER),
                metrics.questions(DnsMetrics.Kind.OTHER),
                metrics.cacheHits(),
                metrics.failed(),
                resolver.pending(),
                lookup.cached(),
                probe.sortedLoops());
    }

    private static String text(InetSocketAddress server) {
        String address = server.getAddress().getHostAddress();
        return (address.contains(":") ? "[" + address + "]" : address) + ":" + server.getPort();
    }

    /** Answers what is under way with SERVFAIL, and all that comes later. The event loops are the caller's. */
    @Override
    public void close() {
        resolver.close();
        probe.close();
        lookup.close();
        others.close();
    }
}
