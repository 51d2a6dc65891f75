package dev.telepath.manager.dns;

import static dev.telepath.manager.session.Arrived.AGENT;
import static dev.telepath.manager.session.Arrived.BOB;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.dns.Answer;
import dev.telepath.dns.DomainName;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ResourceRecord;
import dev.telepath.dns.ResponseCode;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.Arrived;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.Settings;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class NameLookupTest {
    private record Dns(Duration agentTimeout) implements ManagerSettings.DnsSettings {
        @Override
        public Duration timeout() {
            return Duration.ofSeconds(2);
        }

        @Override
        public Duration ttl() {
            return Duration.ofSeconds(10);
        }

        @Override
        public int maxPending() {
            return 4;
        }
    }

    private record Limits(int maxPerSession) implements ManagerSettings.EngagementSettings {
        @Override
        public Duration inactiveBlock() {
            return Duration.ofMinutes(10);
        }
    }

    private static final Answer TEXT = Answer.of(List.of(new ResourceRecord(
            DomainName.of("any.ns").orElseThrow(), RecordType.TXT, 30, ByteString.copyFrom(new byte[] {1, 'x'}))));

    private boolean kubernetes;
    private final Dns settings = new Dns(Duration.ofSeconds(20));
    private final Sessions sessions = new Sessions(new Settings(10), InstantSource.system());
    private final AgentQuestions questions = new AgentQuestions(settings, new Timer(), sessions);
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<String> ownAsked = new CopyOnWriteArrayList<>();
    private final ClientSession client = sessions.arrive(
            BOB,
            ClientInfo.newBuilder(Arrived.client("bob")).setNamespace("default").build());

    private DNSResponse lookUp(Answer own, String name, int type) {
        var resolver = new OwnResolver(
                (asked, of) -> {
                    ownAsked.add(asked);
                    return CompletableFuture.completedFuture(own);
                },
                settings);
        var lookup = new NameLookup(
                sessions,
                new Engagements(sessions, new Limits(5), InstantSource.system()),
                questions,
                new WorkloadNames(sessions, "cluster.local.", !kubernetes),
                resolver,
                settings,
                meters);
        return lookup.lookUp(client, name, type).await().atMost(Duration.ofSeconds(20));
    }

    /** An agent in the client's namespace that says so to everything. */
    private void agent(Answer answer) {
        AgentSession agent = sessions.arrive(AGENT, Arrived.agent("web"));
        questions
                .open(agent, Runnable::run)
                .subscribe()
                .with(question -> questions.answer(agent, question, answer.toResponse()));
    }

    private double counted(String by, String outcome) {
        return meters.counter("telepath.dns.questions", "by", by, "outcome", outcome)
                .count();
    }

    @Test
    void anAgentOfTheNamespaceAnswersForEveryType() {
        agent(TEXT);

        assertThat(lookUp(Answer.FAILED, "any.ns.", RecordType.TXT)).isEqualTo(TEXT.toResponse());
        assertThat(ownAsked).isEmpty();
        assertThat(counted("agent", "answered")).isEqualTo(1);
    }

    @Test
    void typesThatTheAgentCannotAskForAreAskedForByTheManager() {
        agent(Answer.code(ResponseCode.NOT_IMPLEMENTED));

        assertThat(lookUp(TEXT, "any.ns.", RecordType.TXT)).isEqualTo(TEXT.toResponse());
        assertThat(ownAsked).containsExactly("any.ns.");
        assertThat(counted("agent", "unsupported")).isEqualTo(1);
        assertThat(counted("manager", "answered")).isEqualTo(1);
    }

    @Test
    void whatTheAgentSaysOfANameIsNotAskedAgain() {
        agent(Answer.code(ResponseCode.NAME_ERROR));

        assertThat(lookUp(TEXT, "any.ns.", RecordType.TXT).getRCode()).isEqualTo(ResponseCode.NAME_ERROR);
        assertThat(ownAsked).isEmpty();
    }

    @Test
    void withoutAnAgentTheManagerAsks() {
        assertThat(lookUp(TEXT, "any.ns.", RecordType.TXT)).isEqualTo(TEXT.toResponse());
        assertThat(lookUp(Answer.code(ResponseCode.NOT_IMPLEMENTED), "any.ns.", RecordType.MX)
                        .getRCode())
                .isEqualTo(ResponseCode.NOT_IMPLEMENTED);
        assertThat(Answer.of(lookUp(Answer.FAILED, "localhost.", RecordType.A)).outcome())
                .isEqualTo(Answer.Outcome.ANSWERED);
    }

    @Test
    void inKubernetesANameIsTheServicesThoughAWorkloadHasTheSame() {
        kubernetes = true;
        agent(TEXT);

        assertThat(lookUp(Answer.FAILED, "web.default.", RecordType.A)).isEqualTo(TEXT.toResponse());
    }

    @Test
    void aNameOfAWorkloadHasItsAddressesAndExistsForEveryOtherType() {
        agent(Answer.code(ResponseCode.NAME_ERROR));

        Answer address = Answer.of(lookUp(Answer.FAILED, "web.default.svc.cluster.local.", RecordType.A));
        assertThat(ResourceRecord.addresses(address.records()))
                .extracting(one -> one.getHostAddress())
                .containsExactly("127.0.0.9");
        assertThat(address.records().getFirst().ttl()).isEqualTo(10);
        assertThat(lookUp(Answer.FAILED, "web.default.", RecordType.AAAA)).isEqualTo(DNSResponse.getDefaultInstance());
        assertThat(lookUp(Answer.FAILED, "web.default.", RecordType.MX)).isEqualTo(DNSResponse.getDefaultInstance());
        assertThat(counted("workload", "answered")).isEqualTo(1);
    }
}
