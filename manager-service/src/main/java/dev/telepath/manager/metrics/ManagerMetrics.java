package dev.telepath.manager.metrics;

import dev.telepath.manager.carry.LinkWatchers;
import dev.telepath.manager.engagement.Engagement;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.logs.LogRing;
import dev.telepath.manager.relay.Credits;
import dev.telepath.manager.relay.DialWatchers;
import dev.telepath.manager.relay.Relay;
import dev.telepath.manager.session.Sessions;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Registers the manager's gauges. Thread-safe. */
@Singleton
public final class ManagerMetrics {
    private final MeterRegistry meters;

    @Inject
    ManagerMetrics(MeterRegistry meters) {
        this.meters = meters;
        for (var reason : dev.telepath.manager.security.TokenRefused.Reason.values()) {
            meters.counter("telepath.auth.failures", "reason", reason.label());
        }
    }

    void start(
            @Observes StartupEvent event,
            Sessions sessions,
            Engagements engagements,
            DialWatchers watchers,
            Relay relay,
            LinkWatchers links,
            Credits credits,
            LogRing logs) {
        Supplier<Number> clients = () -> sessions.clients().size();
        Supplier<Number> agents = () -> sessions.agents().size();
        Gauge.builder("telepath.sessions", clients).tag("role", "client").register(meters);
        Gauge.builder("telepath.sessions", agents).tag("role", "agent").register(meters);
        for (InterceptDispositionType one : InterceptDispositionType.values()) {
            if (one != InterceptDispositionType.UNRECOGNIZED) {
                Gauge.builder(
                                "telepath.engagements",
                                () -> count(engagements, e -> e.info().getDisposition() == one))
                        .tag("disposition", one.name().toLowerCase(Locale.ROOT))
                        .register(meters);
            }
        }
        gauge("telepath.ingests", () -> engagements.ingests().size());
        gauge("telepath.dial.watchers", watchers::size);
        gauge("telepath.rendezvous.waiting", relay::waiting);
        gauge("telepath.link.watchers", links::size);
        Gauge.builder("telepath.credit.in.use", credits::inUse)
                .baseUnit("bytes")
                .register(meters);
        gauge("telepath.log.ring.lines", logs::size);
    }

    private void gauge(String name, Supplier<Number> value) {
        Gauge.builder(name, value).register(meters);
    }

    private static int count(Engagements engagements, Predicate<Engagement> which) {
        return (int) engagements.all().stream().filter(which).count();
    }
}
