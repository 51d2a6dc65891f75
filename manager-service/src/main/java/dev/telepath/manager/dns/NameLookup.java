package dev.telepath.manager.dns;

import com.google.protobuf.ByteString;
import dev.telepath.dns.Answer;
import dev.telepath.dns.DomainName;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ResourceRecord;
import dev.telepath.dns.ResponseCode;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;

/**
 * Resolves names as a client's workloads do: outside of Kubernetes names of workloads first; then an agent (one that the
 * client engages, else one of its namespace), then the manager's own resolver; that is asked too for types which the agent
 * cannot ask for. Thread-safe.
 */
@Singleton
public final class NameLookup {
    private static final Logger LOG = Logger.getLogger(NameLookup.class);
    private static final int MAX_NAME = 255;

    private final Sessions sessions;
    private final Engagements engagements;
    private final AgentQuestions questions;
    private final WorkloadNames names;
    private final OwnResolver own;
    private final MeterRegistry meters;
    private final long ttl;
    private final Semaphore free;

    /** Who answered, as the metric's tag. */
    private enum By {
        WORKLOAD,
        AGENT,
        MANAGER
    }

    @Inject
    NameLookup(
            Sessions sessions,
            Engagements engagements,
            AgentQuestions questions,
            WorkloadNames names,
            OwnResolver own,
            ManagerSettings settings,
            MeterRegistry meters) {
        this(sessions, engagements, questions, names, own, settings.dns(), meters);
    }

    NameLookup(
            Sessions sessions,
            Engagements engagements,
            AgentQuestions questions,
            WorkloadNames names,
            OwnResolver own,
            ManagerSettings.DnsSettings settings,
            MeterRegistry meters) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.questions = questions;
        this.names = names;
        this.meters = meters;
        this.own = own;
        this.ttl = settings.ttl().toSeconds();
        this.free = new Semaphore(settings.maxPending());
    }

    /** The records of a name. A name without records of that type is no failure. */
    public Uni<DNSResponse> lookUp(ClientSession client, String name, int type) {
        if (name.isEmpty() || name.length() > MAX_NAME) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("name has 1 to " + MAX_NAME + " characters")
                    .asRuntimeException();
        }
        List<InetAddress> workload = names.resolve(client, name);
        if (!workload.isEmpty() && (type == RecordType.A || type == RecordType.AAAA)) {
            return Uni.createFrom()
                    .item(counted(ofWorkload(name, type, workload, ttl).toResponse(), By.WORKLOAD));
        }
        if (!free.tryAcquire()) {
            throw Status.RESOURCE_EXHAUSTED
                    .withDescription("too many look-ups under way (telepath.manager.dns.max-pending)")
                    .asRuntimeException();
        }
        return byAgentOrOwn(client, name, type)
                .map(answer -> workload.isEmpty() ? answer : existing(answer))
                .onTermination()
                .invoke(free::release);
    }

    static Answer ofWorkload(String name, int type, List<InetAddress> addresses, long ttl) {
        return DomainName.of(name)
                .map(owner -> Answer.of(addresses.stream()
                        .map(one -> ResourceRecord.address(owner, one, ttl))
                        .filter(one -> one.type() == type)
                        .toList()))
                .orElseGet(() -> Answer.code(ResponseCode.NAME_ERROR));
    }

    /** A workload may be known to nobody else; its name exists all the same. */
    private static DNSResponse existing(DNSResponse answer) {
        return answer.getRCode() == ResponseCode.NAME_ERROR ? DNSResponse.getDefaultInstance() : answer;
    }

    private Uni<DNSResponse> byAgentOrOwn(ClientSession client, String name, int type) {
        Uni<DNSResponse> byOwn = own.resolve(name, type).invoke(answer -> counted(answer, By.MANAGER));
        Optional<AgentSession> agent = agent(client);
        if (agent.isEmpty()) {
            return byOwn;
        }
        DNSRequest question = DNSRequest.newBuilder()
                .setSession(SessionInfo.newBuilder().setSessionId(client.id()))
                .setName(name)
                .setType(type)
                .build();
        return questions
                .ask(agent.get(), question)
                .invoke(answer -> counted(answer, By.AGENT))
                .onFailure()
                .invoke(cause -> LOG.debugf(
                        "agent did not resolve agent=%s cause=%s", agent.get().id(), cause))
                .onFailure()
                .recoverWithItem(() -> Answer.code(ResponseCode.NOT_IMPLEMENTED).toResponse())
                // So do agents that resolve addresses alone, or that have no name servers.
                .flatMap(answer -> answer.getRCode() == ResponseCode.NOT_IMPLEMENTED
                        ? byOwn
                        : Uni.createFrom().item(answer));
    }

    private DNSResponse counted(DNSResponse answer, By by) {
        var outcome = Answer.Outcome.of(answer.getRCode(), !answer.getRrs().isEmpty());
        meters.counter(
                        "telepath.dns.questions",
                        "by",
                        by.name().toLowerCase(Locale.ROOT),
                        "outcome",
                        outcome.name().toLowerCase(Locale.ROOT))
                .increment();
        return answer;
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
                .unis(lookUp(client, name, RecordType.A), lookUp(client, name, RecordType.AAAA))
                .with((four, six) -> {
                    var all = new ArrayList<>(Answer.of(four).records());
                    all.addAll(Answer.of(six).records());
                    return ResourceRecord.addresses(all).stream()
                            .map(one -> ByteString.copyFrom(one.getAddress()))
                            .toList();
                });
    }
}
