package dev.telepath.manager.engagement;

import static dev.telepath.manager.session.Arrived.AGENT;
import static dev.telepath.manager.session.Arrived.BOB;
import static dev.telepath.manager.session.Arrived.EVE;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.Arrived;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.Settings;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.workload.Offers;
import dev.telepath.manager.workload.StandaloneWorkloads;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.v1.Offering;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class EngagementsTest {
    private record Limits(int maxPerSession) implements ManagerSettings.EngagementSettings {
        @Override
        public Duration inactiveBlock() {
            return Duration.ofMinutes(10);
        }
    }

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final Sessions sessions = new Sessions(new Settings(100), now::get);
    private final Engagements engagements = new Engagements(sessions, new Limits(5), now::get);
    private final Offers offers = new Offers();
    private final Preparation preparation = new Preparation(new StandaloneWorkloads(sessions, offers), engagements);
    private final ClientSession bob = sessions.arrive(BOB, Arrived.client("bob@laptop"));
    private final ClientSession eve = sessions.arrive(EVE, Arrived.client("eve@laptop"));

    private InterceptSpec spec(ClientSession client, String name) {
        return preparation.resolve(
                client,
                InterceptSpec.newBuilder()
                        .setName(name)
                        .setAgent("web")
                        .setContainerPort(8080)
                        .build());
    }

    private InterceptDispositionType disposition(Engagement one) {
        return engagements.find(one.id()).orElseThrow().info().getDisposition();
    }

    private void review(AgentSession agent, Engagement one, InterceptDispositionType word) {
        engagements.review(
                agent,
                ReviewInterceptRequest.newBuilder()
                        .setId(one.id())
                        .setDisposition(word)
                        .putEnvironment("A", "b")
                        .build());
    }

    @Test
    void anEngagementFollowsItsAgents() {
        var one = engagements.create(bob, spec(bob, "web"));
        assertThat(one.id()).isEqualTo(bob.id() + ":web");
        assertThat(disposition(one)).isEqualTo(NO_AGENT);

        var agent = sessions.arrive(AGENT, Arrived.agent("web"));
        assertThat(disposition(one)).isEqualTo(WAITING);

        review(agent, one, ACTIVE);
        assertThat(disposition(one)).isEqualTo(ACTIVE);
        assertThat(engagements.active(bob, new WorkloadKey("default", "web"))).isTrue();
        assertThat(engagements.find(one.id()).orElseThrow().info().getPodIp()).isEqualTo("127.0.0.9");

        sessions.depart(AGENT, agent.id());
        assertThat(disposition(one)).isEqualTo(NO_AGENT);
        sessions.arrive(AGENT, Arrived.agent("web"));
        assertThat(disposition(one)).isEqualTo(WAITING);
    }

    @Test
    void theSecondOnOnePortIsToldWhoHoldsIt() {
        sessions.arrive(AGENT, Arrived.agent("web"));
        engagements.create(bob, spec(bob, "web"));

        assertThatThrownBy(() -> engagements.create(eve, spec(eve, "mine")))
                .hasMessageStartingWith("FAILED_PRECONDITION")
                .hasMessageContaining("bob@laptop");
        assertThat(preparation.prepare(eve, spec(eve, "mine")))
                .isInstanceOfSatisfying(
                        Preparation.Outcome.UserError.class,
                        error -> assertThat(error.text()).contains("bob@laptop"));
        var tap = spec(eve, "tap").toBuilder().setWiretap(true).build();
        assertThat(engagements.create(eve, tap).info().getDisposition()).isEqualTo(WAITING);
    }

    @Test
    void filtersShareAPortUntilARequestIsForBothAndThenItIsNamed() {
        sessions.arrive(AGENT, Arrived.agent("web"));
        var bobs =
                spec(bob, "web").toBuilder().putHeaderFilters("x-user", "bob").build();
        var eves =
                spec(eve, "mine").toBuilder().putHeaderFilters("x-user", "eve").build();
        engagements.create(bob, bobs);
        engagements.create(eve, eves);

        var paths = spec(eve, "paths").toBuilder()
                .addPathFilters(":path-prefix:/api")
                .build();
        assertThat(preparation.prepare(eve, paths))
                .isInstanceOfSatisfying(
                        Preparation.Outcome.UserError.class,
                        error -> assertThat(error.text())
                                .containsAnyOf("GET /api with x-user: bob", "GET /api with x-user: eve"));
        assertThatThrownBy(() -> engagements.create(eve, spec(eve, "all"))).hasMessageContaining("--http-header");
        assertThatThrownBy(() -> preparation.prepare(
                        eve, paths.toBuilder().addPathFilters("api").build()))
                .hasMessageContaining("INVALID_ARGUMENT");
    }

    @Test
    void anOwnerWhoIsLongSilentDoesNotBlock() {
        sessions.arrive(AGENT, Arrived.agent("web"));
        var bobs = engagements.create(bob, spec(bob, "web"));
        now.updateAndGet(then -> then.plus(Duration.ofMinutes(11)));
        sessions.remain(EVE, eve.id());

        engagements.create(eve, spec(eve, "mine"));

        assertThat(engagements.find(bobs.id())).isEmpty();
    }

    @Test
    void theEndOfTheClientRemovesWhatItHeld() {
        sessions.arrive(AGENT, Arrived.agent("web"));
        engagements.create(bob, spec(bob, "web"));

        sessions.depart(BOB, bob.id());

        assertThat(engagements.all()).isEmpty();
        assertThat(engagements.create(eve, spec(eve, "mine")).info().getDisposition())
                .isEqualTo(WAITING);
    }

    @Test
    void furtherPortsAreChildrenAndGoWithTheirParent() {
        sessions.arrive(AGENT, Arrived.agent("web"));
        engagements.create(
                bob, spec(bob, "web").toBuilder().addPodPorts("9090:3001/TCP").build());

        assertThat(engagements.all()).extracting(Engagement::isChild).containsExactly(false, true);
        Engagement child = engagements.find(bob.id() + ":web-9090-tcp").orElseThrow();
        assertThat(child.spec().getContainerPort()).isEqualTo(9090);
        assertThat(child.spec().getTargetPort()).isEqualTo(3001);
        engagements.remove(bob, "web");
        assertThat(engagements.all()).isEmpty();
    }

    @Test
    void reviewsOfAnotherWorkloadAndOfWhatIsGoneAreRefused() {
        var web = sessions.arrive(AGENT, Arrived.agent("web"));
        var api = sessions.arrive(AGENT, Arrived.agent("api"));
        var one = engagements.create(bob, spec(bob, "web"));

        assertThatThrownBy(() -> review(api, one, ACTIVE)).hasMessageStartingWith("PERMISSION_DENIED");
        engagements.remove(bob, "web");
        assertThatThrownBy(() -> review(web, one, ACTIVE)).hasMessageStartingWith("NOT_FOUND");
    }

    @Test
    void onlyTheAgentThatAcceptedMayRevoke() {
        var first = sessions.arrive(AGENT, Arrived.agent("web"));
        var second = sessions.arrive(AGENT, Arrived.agent("web"));
        var one = engagements.create(bob, spec(bob, "web"));
        review(first, one, ACTIVE);

        review(second, one, AGENT_ERROR);
        assertThat(disposition(one)).isEqualTo(ACTIVE);
        review(first, one, AGENT_ERROR);
        assertThat(disposition(one)).isEqualTo(AGENT_ERROR);
    }

    @Test
    void aNameIsUsedOnceAndThereIsAMostOfThem() {
        engagements.create(bob, spec(bob, "web"));
        assertThatThrownBy(() -> engagements.create(bob, spec(bob, "web")))
                .hasMessage("ALREADY_EXISTS: Intercept named \"web\" already exists");
        for (int i = 1; i < 5; i++) {
            engagements.create(
                    bob, spec(bob, "t" + i).toBuilder().setWiretap(true).build());
        }
        var sixth = spec(bob, "t6").toBuilder().setWiretap(true).build();
        assertThatThrownBy(() -> engagements.create(bob, sixth)).hasMessageStartingWith("RESOURCE_EXHAUSTED");
    }

    @Test
    void restoringKeepsIdAndDispositionButNotAnothersClaim() {
        InterceptInfo info = InterceptInfo.newBuilder()
                .setId(bob.id() + ":web")
                .setSpec(spec(bob, "web"))
                .setDisposition(ACTIVE)
                .putEnvironment("A", "b")
                .build();
        engagements.restore(bob, info);
        assertThat(engagements.find(info.getId()).orElseThrow().info().getDisposition())
                .isEqualTo(ACTIVE);
        assertThat(engagements.find(info.getId()).orElseThrow().info().getEnvironmentMap())
                .containsEntry("A", "b");

        engagements.restore(eve, info);
        engagements.restore(eve, info.toBuilder().setId(eve.id() + ":web").build());
        assertThat(engagements.all()).hasSize(1);
    }

    @Test
    void theOnlyPortIsTakenAndAWrongOneIsToldWithThoseThereAre() {
        var agent = sessions.arrive(AGENT, Arrived.agent("web"));
        offers.put(
                agent,
                Offering.newBuilder()
                        .addPorts(Offering.Port.newBuilder()
                                .setName("http")
                                .setPort(8080)
                                .setProtocol("TCP"))
                        .build());
        var asked = InterceptSpec.newBuilder().setName("web");

        assertThat(preparation.prepare(bob, asked.build()))
                .isInstanceOfSatisfying(
                        Preparation.Outcome.Ready.class,
                        ready -> assertThat(ready.spec().getContainerPort()).isEqualTo(8080));
        assertThat(preparation.prepare(bob, asked.setPortIdentifier("http").build()))
                .isInstanceOf(Preparation.Outcome.Ready.class);
        assertThat(preparation.prepare(bob, asked.setPortIdentifier("9999").build()))
                .isInstanceOfSatisfying(
                        Preparation.Outcome.UserError.class,
                        error -> assertThat(error.text()).contains("has no port 9999", "8080 (http)"));
        assertThat(preparation.prepare(bob, asked.setAgent("nope").build()))
                .isInstanceOfSatisfying(
                        Preparation.Outcome.UserError.class,
                        error -> assertThat(error.text()).contains("no workload nope", "attached are: web"));
    }

    @Test
    void aReplacementIsRefusedBeforeAnythingIsStoppedAndNamesWhoHoldsTheWorkload() {
        sessions.arrive(AGENT, Arrived.agent("web"));
        var asked = InterceptSpec.newBuilder()
                .setName("mine")
                .setAgent("web")
                .setReplace(true)
                .build();
        assertThat(preparation.obstacle(eve, asked)).isEmpty();
        engagements.create(bob, spec(bob, "web"));
        assertThat(preparation.obstacle(eve, asked).orElseThrow())
                .contains("already intercepted by bob@laptop", "stops it for all", "wiretap");
        assertThat(preparation
                        .obstacle(eve, asked.toBuilder().setAgent("wbe").build())
                        .orElseThrow())
                .contains("no workload wbe");
    }

    @Test
    void aReplacedWorkloadKeepsInterceptsAwayAndSaysWhoReplacedIt() {
        sessions.arrive(AGENT, Arrived.agent("web"));
        engagements.create(bob, spec(bob, "web").toBuilder().setReplace(true).build());
        assertThat(engagements.replacement(new WorkloadKey("default", "web"))).isPresent();
        var other = spec(eve, "other").toBuilder().setContainerPort(9090).build();
        assertThatThrownBy(() -> engagements.create(eve, other)).hasMessageContaining("replaced by bob@laptop");
        engagements.create(eve, other.toBuilder().setWiretap(true).build());
        engagements.remove(bob, "web");
        assertThat(engagements.replacement(new WorkloadKey("default", "web"))).isEmpty();
    }
}
