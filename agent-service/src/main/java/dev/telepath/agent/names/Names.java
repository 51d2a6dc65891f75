package dev.telepath.agent.names;

import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.dns.HostResolver;
import dev.telepath.dns.Lookup;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * Answers name look-ups as the workload resolves names: by its network's name servers and its files. Thread-safe, never blocks; a
 * limited number runs at once.
 */
public final class Names {
    /** Short: what it names may move, and the client asks over a fast path. */
    private static final Duration TTL = Duration.ofSeconds(4);

    private final HostResolver resolver;
    private final AgentMetrics metrics;

    /**
     * @param blocking may block
     * @param servers asked for what the runtime does not resolve
     * @param limit look-ups at once; those beyond it fail at once
     */
    public Names(Executor blocking, Lookup servers, int limit, AgentMetrics metrics) {
        this.resolver =
                new HostResolver(blocking, servers, new HostResolver.Limit(limit, "telepath.agent.lookups"), TTL);
        this.metrics = metrics;
    }

    /**
     * The addresses of a name; a trailing dot is ignored.
     *
     * @return empty when the name is unknown; fails when the limit is reached
     */
    public CompletionStage<List<InetAddress>> addresses(String name) {
        return resolver.addresses(name);
    }

    /** A DNS answer for any type; not implemented where only name servers could tell and there are none. Never fails. */
    public CompletionStage<DNSResponse> answer(DNSRequest request) {
        return resolver.answer(request.getName(), request.getType()).thenApply(answer -> {
            metrics.nameLookup(answer.outcome().name().toLowerCase(Locale.ROOT));
            return answer.toResponse();
        });
    }
}
