package dev.telepath.manager.dns;

import com.google.protobuf.ByteString;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import io.grpc.Status;
import io.smallrye.mutiny.Uni;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;

/**
 * Resolves names as a client's workloads do: names of workloads first, then an agent (one that the client engages, else
 * one of its namespace), then the manager's own resolver. Thread-safe.
 */
@Singleton
public final class NameLookup {
    private static final Logger LOG = Logger.getLogger(NameLookup.class);
    private static final int MAX_NAME = 255;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Sessions sessions;
    private final Engagements engagements;
    private final AgentQuestions questions;
    private final WorkloadNames names;
    private final OwnResolver own;
    private final Duration ttl;
    private final Semaphore free;

    @Inject
    NameLookup(
            Sessions sessions,
            Engagements engagements,
            AgentQuestions questions,
            WorkloadNames names,
            ManagerSettings settings) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.questions = questions;
        this.names = names;
        this.ttl = settings.dns().ttl();
        this.own = new OwnResolver(threads, ttl);
        this.free = new Semaphore(settings.dns().maxPending());
    }

    /** The records of a name. A name without records of that type is no failure. */
    public Uni<DNSResponse> lookUp(ClientSession client, String name, int type) {
        if (name.isEmpty() || name.length() > MAX_NAME) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("name has 1 to " + MAX_NAME + " characters")
                    .asRuntimeException();
        }
        List<InetAddress> workload = names.resolve(client, name);
        if (!workload.isEmpty()) {
            return Uni.createFrom().item(OwnResolver.answer(name, type, workload, ttl));
        }
        if (!free.tryAcquire()) {
            throw Status.RESOURCE_EXHAUSTED
                    .withDescription("too many look-ups under way (telepath.manager.dns.max-pending)")
                    .asRuntimeException();
        }
        return byAgentOrOwn(client, name, type).onTermination().invoke(free::release);
    }

    private Uni<DNSResponse> byAgentOrOwn(ClientSession client, String name, int type) {
        Optional<AgentSession> agent = agent(client);
        if (agent.isEmpty()) {
            return own.resolve(name, type);
        }
        DNSRequest question = DNSRequest.newBuilder()
                .setSession(SessionInfo.newBuilder().setSessionId(client.id()))
                .setName(name)
                .setType(type)
                .build();
        return questions
                .ask(agent.get(), question)
                .onFailure()
                .invoke(cause -> LOG.debugf(
                        "agent did not resolve agent=%s cause=%s", agent.get().id(), cause))
                .onFailure()
                .recoverWithUni(() -> own.resolve(name, type));
    }

    private Optional<AgentSession> agent(ClientSession client) {
        List<AgentSession> able = sessions.agents().stream()
                .filter(agent -> client.owner().sees(agent.owner()) && questions.watches(agent))
                .toList();
        return able.stream()
                .filter(agent -> engagements.engages(client, agent.workload()))
                .findFirst()
                .or(() -> able.stream()
                        .filter(agent -> agent.workload().namespace().equals(client.namespace()))
                        .findFirst());
    }

    /** All addresses of a name, IPv4 first; empty when it has none. */
    public Uni<List<ByteString>> addresses(ClientSession client, String name) {
        return Uni.combine()
                .all()
                .unis(lookUp(client, name, ResourceRecords.A), lookUp(client, name, ResourceRecords.AAAA))
                .with((four, six) -> {
                    var all = new ArrayList<>(ResourceRecords.addresses(four.getRrs()));
                    all.addAll(ResourceRecords.addresses(six.getRrs()));
                    return all;
                });
    }

    @PreDestroy
    void stop() {
        threads.shutdownNow();
    }
}
