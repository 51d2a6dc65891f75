package dev.telepath.manager.direct;

import static dev.telepath.manager.session.Arrived.AGENT;
import static dev.telepath.manager.session.Arrived.BOB;
import static dev.telepath.manager.session.Arrived.EVE;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.ACTIVE;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.AGENT_ERROR;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.manager.engagement.Engagement;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.Arrived;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.Settings;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.protocol.v1.DirectAgent;
import dev.telepath.protocol.v1.DirectAgents;
import dev.telepath.tunnel.direct.TicketKey;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EngagedAgentsTest {
    private record Limits() implements ManagerSettings.EngagementSettings {
        @Override
        public Duration inactiveBlock() {
            return Duration.ofMinutes(10);
        }

        @Override
        public int maxPerSession() {
            return 10;
        }
    }

    private final Sessions sessions = new Sessions(new Settings(100), () -> Instant.EPOCH);
    private final Engagements engagements = new Engagements(sessions, new Limits(), () -> Instant.EPOCH);
    private final Listeners listeners = new Listeners(new SimpleMeterRegistry());
    private final EngagedAgents engaged = new EngagedAgents(sessions, engagements, listeners);
    private final ClientSession bob = sessions.arrive(BOB, Arrived.client("bob@laptop"));
    private final ClientSession eve = sessions.arrive(EVE, Arrived.client("eve@laptop"));
    private final Map<String, TicketKey> keys = new HashMap<>();

    private AgentSession listening(String workload) {
        AgentSession agent = sessions.arrive(AGENT, Arrived.agent(workload));
        listen(agent);
        return agent;
    }

    private void listen(AgentSession agent) {
        listen(agent, 0);
    }

    private void listen(AgentSession agent, int loopbackPort) {
        TicketKey key = TicketKey.random();
        keys.put(agent.id(), key);
        listeners.put(
                agent,
                AgentListener.newBuilder()
                        .setAddress(ByteString.copyFrom(new byte[] {10, 0, 0, 1}))
                        .setPort(4222)
                        .setFingerprint(ByteString.copyFrom(new byte[32]))
                        .setTicketKey(key.secret())
                        .setLoopbackPort(loopbackPort)
                        .setDials(loopbackPort > 0)
                        .build());
    }

    private Engagement engage(ClientSession client, AgentSession agent, InterceptSpec.Builder how) {
        Engagement one = engagements.create(
                client,
                how.setNamespace("default")
                        .setAgent(agent.workload().name())
                        .setMechanism("tcp")
                        .build());
        review(agent, one, ACTIVE);
        return one;
    }

    private void review(AgentSession agent, Engagement one, InterceptDispositionType word) {
        engagements.review(
                agent,
                ReviewInterceptRequest.newBuilder()
                        .setId(one.id())
                        .setDisposition(word)
                        .build());
    }

    private static InterceptSpec.Builder intercept(String name, int port) {
        return InterceptSpec.newBuilder().setName(name).setContainerPort(port);
    }

    private List<String> seenBy(ClientSession client) {
        return engaged.of(client).getAgentsList().stream()
                .map(DirectAgent::getSessionId)
                .toList();
    }

    @Test
    void aClientSeesTheAgentsOfTheWorkloadsItEngagesAndOthersSeeNone() {
        AgentSession web = listening("web");
        listening("api");
        assertThat(seenBy(bob)).isEmpty();

        engage(bob, web, intercept("web", 8080));

        DirectAgent told = engaged.of(bob).getAgents(0);
        assertThat(seenBy(bob)).containsExactly(web.id());
        assertThat(told.getWorkload()).isEqualTo("web");
        assertThat(told.getAddress()).isEqualTo(ByteString.copyFrom(new byte[] {10, 0, 0, 1}));
        assertThat(told.getPort()).isEqualTo(4222);
        assertThat(told.getFingerprint()).isEqualTo(ByteString.copyFrom(new byte[32]));
        assertThat(seenBy(eve)).isEmpty();
    }

    /** A client goes there with its own rights, so what an agent says of itself does not count. */
    @Test
    void aPodIsToldAsTheApiServerKnowsItAndOnlyWhereTheAgentListensInIt() {
        var pod = new Principal.Pod("default", "web-1", "uid", "default");
        var proved = new Principal("web", Role.AGENT, false, Optional.of(pod));
        AgentSession web = sessions.arrive(proved, Arrived.agent("web"));
        AgentSession claims = sessions.arrive(
                AGENT, Arrived.agent("api").toBuilder().setPodName("web-1").build());
        listen(web, 4223);
        listen(claims, 4223);
        engage(bob, web, intercept("web", 8080));
        DirectAgent told = engaged.of(bob).getAgents(0);
        assertThat(told.getPod()).isEqualTo("web-1");
        assertThat(told.getNamespace()).isEqualTo("default");
        assertThat(told.getLoopbackPort()).isEqualTo(4223);
        assertThat(told.getDials()).isTrue();

        listen(web, 0);
        assertThat(engaged.of(bob).getAgents(0).getDials()).isFalse();
        assertThat(engaged.of(bob).getAgents(0).getPod()).isEmpty();
        engage(eve, claims, intercept("api", 8080));
        assertThat(engaged.of(eve).getAgents(0).getPod()).isEmpty();
        assertThat(engaged.of(eve).getAgents(0).getLoopbackPort()).isZero();
    }

    @Test
    void allListeningAgentsOfAWorkloadAreToldOnceAndInTheSameOrder() {
        AgentSession first = listening("web");
        AgentSession second = listening("web");
        AgentSession silent = sessions.arrive(AGENT, Arrived.agent("web"));
        engage(bob, first, intercept("web", 8080).addPodPorts("9090:3001/TCP"));
        engage(bob, silent, intercept("tap", 8080).setWiretap(true));

        assertThat(seenBy(bob))
                .isEqualTo(Stream.of(first.id(), second.id()).sorted().toList());
        DirectAgents before = engaged.of(bob);
        listeners.changes().fire();
        assertThat(engaged.of(bob)).isEqualTo(before);
    }

    @Test
    void wiretapsAndReplacementsCountAndIngestsDoNot() {
        AgentSession tapped = listening("tapped");
        AgentSession replaced = listening("replaced");
        AgentSession ingested = listening("ingested");
        engagements
                .ingests()
                .add(bob, new WorkloadKey("default", ingested.workload().name()));
        engage(bob, tapped, intercept("tap", 8080).setWiretap(true));
        engage(bob, replaced, intercept("mine", 8080).setReplace(true));

        assertThat(seenBy(bob)).containsExactlyInAnyOrder(tapped.id(), replaced.id());
    }

    @Test
    void whatIsNotActiveYetOrAnyMoreDoesNotCount() {
        AgentSession web = listening("web");
        Engagement one = engagements.create(
                bob,
                intercept("web", 8080)
                        .setNamespace("default")
                        .setAgent("web")
                        .setMechanism("tcp")
                        .build());
        assertThat(seenBy(bob)).isEmpty();
        review(web, one, ACTIVE);
        assertThat(seenBy(bob)).containsExactly(web.id());

        review(web, one, AGENT_ERROR);
        assertThat(seenBy(bob)).isEmpty();

        engagements.remove(bob, "web");
        engage(bob, web, intercept("web", 8080));
        engagements.remove(bob, "web");
        assertThat(seenBy(bob)).isEmpty();
    }

    @Test
    void ticketsAreOfOneClientAndOneAgent() {
        AgentSession web = listening("web");
        AgentSession api = listening("api");
        engage(bob, web, intercept("web", 8080));
        engage(bob, api, intercept("api", 8080));
        engage(eve, web, intercept("tap", 8080).setWiretap(true));

        byte[] bobs = ticket(bob, web);
        byte[] eves = ticket(eve, web);

        TicketKey key = Optional.ofNullable(keys.get(web.id())).orElseThrow();
        assertThat(key.opens(bob.id(), bobs)).isTrue();
        assertThat(key.opens(eve.id(), eves)).isTrue();
        assertThat(key.opens(eve.id(), bobs)).isFalse();
        assertThat(key.opens(bob.id(), ticket(bob, api))).isFalse();
    }

    private byte[] ticket(ClientSession client, AgentSession agent) {
        return engaged.of(client).getAgentsList().stream()
                .filter(one -> one.getSessionId().equals(agent.id()))
                .findFirst()
                .orElseThrow()
                .getTicket()
                .toByteArray();
    }

    @Test
    void anAgentThatGoesOrStopsListeningLeavesTheListAndOneThatBeginsComes() {
        AgentSession carrier = listening("web");
        AgentSession stops = listening("web");
        AgentSession goes = listening("web");
        engage(bob, carrier, intercept("web", 8080));
        assertThat(seenBy(bob)).hasSize(3);

        listeners.put(stops, AgentListener.getDefaultInstance());
        sessions.depart(AGENT, goes.id());
        assertThat(seenBy(bob)).containsExactly(carrier.id());

        listen(stops);
        assertThat(seenBy(bob)).containsExactlyInAnyOrder(carrier.id(), stops.id());
    }

    @Test
    void aClientThatSeesOnlyAgentsOfOldIsNotToldOfOurs() {
        AgentSession theirs = sessions.arrive(Principal.LEGACY, Arrived.agent("web"));
        listen(theirs);
        AgentSession ours = listening("web");
        ClientSession old = sessions.arrive(Principal.LEGACY, Arrived.client("old@laptop"));
        engage(old, theirs, intercept("web", 8080));

        assertThat(seenBy(old)).containsExactly(theirs.id()).doesNotContain(ours.id());
    }
}
