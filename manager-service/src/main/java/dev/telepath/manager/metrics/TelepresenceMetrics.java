package dev.telepath.manager.metrics;

import dev.telepath.manager.carry.LinkRelay;
import dev.telepath.manager.engagement.Engagement;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.relay.Relay;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.ManagerSettings.ClientLabel;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.tunnel.filter.SpecFilter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * The metrics of a Telepresence manager (2.24 and later) under their exact names, so that dashboards made for one show ours.
 * Counts are gauges here, because Prometheus' own naming would add a suffix to a counter. Who a client is stands in a label
 * only where the installation asks for it. Thread-safe.
 */
@Singleton
public final class TelepresenceMetrics {
    /** Clients that are counted one by one; those after them are counted together. */
    private static final int MOST_CLIENTS = 1_000;

    private final MeterRegistry meters;
    private final AtomicLong ingress = new AtomicLong();
    private final AtomicLong egress = new AtomicLong();

    @Inject
    TelepresenceMetrics(MeterRegistry meters) {
        this.meters = meters;
    }

    void start(
            @Observes StartupEvent event,
            Sessions sessions,
            Engagements engagements,
            Relay relay,
            LinkRelay links,
            ManagerSettings settings) {
        register(sessions, engagements, () -> relay.open() + links.open(), settings.metrics());
    }

    void register(
            Sessions sessions,
            Engagements engagements,
            Supplier<Number> tunnels,
            ManagerSettings.MetricsSettings settings) {
        gauge("telepresence.client.count", () -> sessions.clients().size());
        gauge("telepresence.agent.count", () -> sessions.agents().size());
        gauge(
                "telepresence.session.count",
                () -> sessions.clients().size() + sessions.agents().size());
        gauge("telepresence.active.intercept.count", () -> (int)
                engagements.all().stream().filter(TelepresenceMetrics::active).count());
        gauge("telepresence.tunnel.count", tunnels);
        gauge("telepresence.tunnel.ingress.bytes", ingress::get);
        gauge("telepresence.tunnel.egress.bytes", egress::get);
        var people = new People(settings.clients(), sessions, engagements);
        sessions.changes().listen(people::look);
        engagements.changes().listen(people::look);
        people.look();
    }

    private void gauge(String name, Supplier<Number> value) {
        Gauge.builder(name, value).register(meters);
    }

    /** What an agent carried for a client. */
    public void report(long ingressBytes, long egressBytes) {
        ingress.addAndGet(Math.max(0, ingressBytes));
        egress.addAndGet(Math.max(0, egressBytes));
    }

    private static boolean active(Engagement engagement) {
        return engagement.info().getDisposition() == InterceptDispositionType.ACTIVE;
    }

    /** Who connects and who intercepts. Counts what it has not seen before at each look. */
    private final class People {
        private final ClientLabel label;
        private final Sessions sessions;
        private final Engagements engagements;
        private final MultiGauge connects;
        private final MultiGauge connected;
        private final MultiGauge intercepts;
        private final MultiGauge intercepting;
        private final Map<Tags, Long> connectCounts = new LinkedHashMap<>();
        private final Map<Tags, Long> interceptCounts = new LinkedHashMap<>();
        /** Clients of the last look, and how they are shown. */
        private Map<String, Tags> shown = Map.of();

        private Set<String> interceptsSeen = Set.of();

        People(ClientLabel label, Sessions sessions, Engagements engagements) {
            this.label = label;
            this.sessions = sessions;
            this.engagements = engagements;
            this.connects = MultiGauge.builder("telepresence.connect.count").register(meters);
            this.connected =
                    MultiGauge.builder("telepresence.connect.active.status").register(meters);
            this.intercepts = MultiGauge.builder("telepresence.intercept.count").register(meters);
            this.intercepting =
                    MultiGauge.builder("telepresence.intercept.active.status").register(meters);
        }

        synchronized void look() {
            var clients = sessions.clients();
            var active = engagements.all().stream()
                    .filter(TelepresenceMetrics::active)
                    .toList();
            var showing = new HashMap<String, Tags>();
            for (ClientSession client : clients) {
                Tags tags = shown.get(client.id());
                if (tags == null) {
                    tags = tags(client);
                    count(connectCounts, tags);
                }
                showing.put(client.id(), tags);
            }
            var interceptsNow = new HashSet<String>();
            var interceptingNow = new HashSet<Tags>();
            for (Engagement engagement : active) {
                interceptsNow.add(engagement.id());
                Tags known = showing.get(engagement.client().id());
                Tags client = known == null ? tags(engagement.client()) : known;
                interceptingNow.add(client.and("workload", engagement.workload().name()));
                if (!interceptsSeen.contains(engagement.id())) {
                    count(interceptCounts, client.and("intercept_type", type(engagement)));
                }
            }
            shown = showing;
            interceptsSeen = interceptsNow;
            show(connects, connectCounts);
            show(intercepts, interceptCounts);
            status(connected, Set.copyOf(showing.values()));
            status(intercepting, interceptingNow);
        }

        private static String type(Engagement engagement) {
            return SpecFilter.isSet(engagement.spec()) ? "personal" : "global";
        }

        private void count(Map<Tags, Long> counts, Tags tags) {
            boolean known = counts.containsKey(tags) || counts.size() < MOST_CLIENTS;
            counts.merge(known ? tags : others(tags), 1L, Long::sum);
        }

        private Tags others(Tags tags) {
            return Tags.of(tags.stream()
                    .map(tag -> tag.getKey().equals("client") || tag.getKey().equals("install_id")
                            ? Tag.of(tag.getKey(), "others")
                            : tag)
                    .toList());
        }

        private static void show(MultiGauge gauge, Map<Tags, Long> counts) {
            gauge.register(
                    counts.entrySet().stream()
                            .<Row<?>>map(each -> Row.of(each.getKey(), each.getValue()))
                            .toList(),
                    true);
        }

        /** Without a label there is nobody whose status it would be. */
        private void status(MultiGauge gauge, Set<Tags> now) {
            if (label != ClientLabel.NONE) {
                gauge.register(
                        now.stream()
                                .limit(MOST_CLIENTS)
                                .<Row<?>>map(tags -> Row.of(tags, 1))
                                .toList(),
                        true);
            }
        }

        private Tags tags(ClientSession client) {
            return switch (label) {
                case NONE -> Tags.empty();
                case HASHED ->
                    Tags.of(
                            "client",
                            hash(client.info().getName()),
                            "install_id",
                            hash(client.info().getInstallId()));
                case NAMED ->
                    Tags.of(
                            "client",
                            client.info().getName(),
                            "install_id",
                            client.info().getInstallId());
            };
        }
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every Java runtime", e);
        }
    }
}
