package dev.telepath.agent.engage;

import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.ACTIVE;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.REMOVED;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.WAITING;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EngagementsTest {
    private final Engagements engagements = new Engagements(Specs.WEB, Duration.ofSeconds(5));

    private String holder() {
        return engagements
                .at(Specs.WEB.ports().getFirst())
                .intercept()
                .map(Engagement::id)
                .orElse("nobody");
    }

    @Test
    void onlyActiveInterceptsHoldAPort() {
        engagements.replace(List.of(Specs.intercept("a", WAITING, spec -> {})));
        assertThat(holder()).isEqualTo("nobody");
        engagements.change(Map.of("a", Specs.intercept("a", ACTIVE, spec -> {})), List.of());
        assertThat(holder()).isEqualTo("a");
        engagements.change(Map.of("a", Specs.intercept("a", REMOVED, spec -> {})), List.of());
        assertThat(holder()).isEqualTo("nobody");
    }

    @Test
    void aRemovalFreesThePort() {
        engagements.replace(List.of(Specs.intercept("a", ACTIVE, spec -> {})));
        engagements.change(Map.of(), List.of("a"));
        assertThat(holder()).isEqualTo("nobody");
    }

    @Test
    void whoseEngagementsAreKeptIsAskedForEachClient() {
        engagements.replace(List.of(Specs.intercept("a", ACTIVE, spec -> {})));
        String client = engagements
                .at(Specs.WEB.ports().getFirst())
                .intercept()
                .orElseThrow()
                .clientSession();

        engagements.retain(client::equals);
        assertThat(holder()).isEqualTo("a");
        assertThat(engagements.isEngaged()).isTrue();
        engagements.retain("another"::equals);
        assertThat(holder()).isEqualTo("nobody");
        assertThat(engagements.isEngaged()).isFalse();
    }

    @Test
    void theSpecsDialTimeoutCountsElseTheDefault() {
        engagements.replace(List.of(Specs.intercept("a", ACTIVE, spec -> spec.setDialTimeout(7_000_000))));
        var hold = engagements.at(Specs.WEB.ports().getFirst());
        assertThat(hold.intercept().orElseThrow().dialTimeout()).isEqualTo(Duration.ofMillis(7));
        engagements.replace(List.of(Specs.intercept("a", ACTIVE, spec -> {})));
        hold = engagements.at(Specs.WEB.ports().getFirst());
        assertThat(hold.intercept().orElseThrow().dialTimeout()).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void eachWaitingInterceptIsReviewedOnceUntilItWaitsAnew() {
        var waiting = Specs.intercept("a", WAITING, spec -> {});
        engagements.replace(List.of(waiting));
        assertThat(engagements.waiting()).hasSize(1);
        assertThat(engagements.waiting()).isEmpty();
        engagements.replace(List.of(waiting));
        assertThat(engagements.waiting()).isEmpty();
        engagements.replace(List.of(Specs.intercept("a", ACTIVE, spec -> {})));
        engagements.replace(List.of(waiting));
        assertThat(engagements.waiting()).hasSize(1);
        engagements.reviewAgain("a");
        assertThat(engagements.waiting()).hasSize(1);
    }

    @Test
    void interceptsOfOtherWorkloadsAreNotReviewed() {
        engagements.replace(List.of(Specs.intercept("a", WAITING, spec -> spec.setAgent("other"))));
        assertThat(engagements.waiting()).isEmpty();
    }

    @Test
    void anInterceptWithoutAnyFieldIsIgnored() {
        engagements.replace(List.of(dev.telepath.protocol.telepresence.manager.InterceptInfo.getDefaultInstance()));
        assertThat(holder()).isEqualTo("nobody");
        assertThat(engagements.waiting()).isEmpty();
    }
}
