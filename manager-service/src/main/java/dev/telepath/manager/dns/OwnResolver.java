package dev.telepath.manager.dns;

import dev.telepath.dns.Answer;
import dev.telepath.dns.HostResolver;
import dev.telepath.dns.Lookup;
import dev.telepath.dns.StubResolver;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The manager's own resolver: addresses as the Java runtime resolves them, everything else as the name servers of its network
 * tell it. Thread-safe, never blocks.
 */
@Singleton
final class OwnResolver {
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Optional<StubResolver> stub;
    private final HostResolver resolver;

    @Inject
    OwnResolver(Vertx vertx, ManagerSettings settings) {
        var servers = StubResolver.ofPrograms(
                ((VertxInternal) vertx).getEventLoopGroup(),
                threads,
                settings.dns().timeout());
        this.stub = Optional.of(servers);
        this.resolver = resolver(servers, settings.dns());
    }

    /** The same with others to ask for what the runtime does not resolve. */
    OwnResolver(Lookup servers, ManagerSettings.DnsSettings settings) {
        this.stub = Optional.empty();
        this.resolver = resolver(servers, settings);
    }

    private HostResolver resolver(Lookup servers, ManagerSettings.DnsSettings settings) {
        var limit = new HostResolver.Limit(settings.maxPending(), "telepath.manager.dns.max-pending");
        return new HostResolver(threads, servers, limit, settings.ttl());
    }

    /** Never fails: what cannot be asked is a failure by its code. */
    Uni<DNSResponse> resolve(String name, int type) {
        return Uni.createFrom()
                .completionStage(() -> resolver.answer(name, type))
                .map(Answer::toResponse);
    }

    @PreDestroy
    void stop() {
        stub.ifPresent(StubResolver::close);
        threads.shutdownNow();
    }
}
