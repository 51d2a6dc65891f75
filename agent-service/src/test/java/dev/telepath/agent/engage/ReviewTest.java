package dev.telepath.agent.engage;

import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.ACTIVE;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.AGENT_ERROR;
import static dev.telepath.protocol.telepresence.manager.InterceptDispositionType.WAITING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ReviewTest {
    private static Review review(InterceptInfo info, InterceptInfo... others) {
        return Review.of(info, Specs.WEB, List.of(others));
    }

    private static void assertRefused(Consumer<InterceptSpec.Builder> change, String... inMessage) {
        assertThat(review(Specs.intercept("a", WAITING, change)))
                .isInstanceOfSatisfying(
                        Review.Refuse.class,
                        refuse -> assertThat(refuse.message()).contains(inMessage));
    }

    @Test
    void aFreePortIsGiven() {
        assertThat(review(Specs.intercept("a", WAITING, spec -> {}))).isEqualTo(new Review.Accept());
    }

    @Test
    void anUnknownPortIsRefusedNamingThoseThatExist() {
        assertRefused(spec -> spec.setPortIdentifier("grpc"), "port grpc", "8080/TCP (http)", "9000/UDP (dns)");
    }

    @Test
    void noPortIsRefusedWhereThereAreSeveral() {
        assertRefused(spec -> spec.setPortIdentifier(""), "8080/TCP (http)");
    }

    @Test
    void whatCannotBeHonouredIsRefusedRatherThanDivertingMore() {
        assertRefused(spec -> spec.setMechanism("http"), "http");
        assertRefused(spec -> spec.putHeaderFilters("x-user", "("), "x-user");
        assertRefused(spec -> spec.addPathFilters("/api").setPortIdentifier("dns"), "UDP");
        assertRefused(spec -> spec.setTargetHost("some.name"), "some.name");
        assertRefused(spec -> spec.setTargetPort(0), "127.0.0.1:0");
    }

    @Test
    void aPortThatSomebodyHasIsRefusedNamingTheHolder() {
        var holder = Specs.intercept("z", ACTIVE, spec -> {});
        assertThat(review(Specs.intercept("a", WAITING, spec -> {}), holder))
                .isInstanceOfSatisfying(
                        Review.Refuse.class,
                        refuse -> assertThat(refuse.message()).contains("user-z"));
    }

    @Test
    void ofTwoThatWaitTheEarlierGetsThePortOnEveryAgent() {
        var late = Specs.at(Specs.intercept("a", WAITING, spec -> {}), 20);
        var early = Specs.at(Specs.intercept("b", WAITING, spec -> {}), 10);
        assertThat(review(early, late, early)).isInstanceOf(Review.Accept.class);
        assertThat(review(late, late, early)).isInstanceOf(Review.Refuse.class);
    }

    @Test
    void atTheSameTimeTheLowerIdDecides() {
        var a = Specs.intercept("a", WAITING, spec -> {});
        var b = Specs.intercept("b", WAITING, spec -> {});
        assertThat(review(a, a, b)).isInstanceOf(Review.Accept.class);
        assertThat(review(b, a, b)).isInstanceOf(Review.Refuse.class);
    }

    @Test
    void aWiretapMayHaveAFilterThatMeetsAnothers() {
        var holder = Specs.intercept("z", ACTIVE, spec -> spec.putHeaderFilters("x-user", "alice"));
        var tap = Specs.intercept(
                "t", WAITING, spec -> spec.putHeaderFilters("x-user", "alice").setWiretap(true));
        assertThat(review(tap, holder)).isInstanceOf(Review.Accept.class);
    }

    @Test
    void wiretapsNeitherHoldNorNeedAFreePort() {
        var held = Specs.intercept("a", ACTIVE, spec -> {});
        var tap = Specs.intercept("t", WAITING, spec -> spec.setWiretap(true));
        assertThat(review(tap, held)).isInstanceOf(Review.Accept.class);
        var tapping = Specs.intercept("t", ACTIVE, spec -> spec.setWiretap(true));
        assertThat(review(Specs.intercept("b", WAITING, spec -> {}), tapping)).isInstanceOf(Review.Accept.class);
    }

    @Test
    void otherPortsOtherWorkloadsAndFailedOnesHoldNothing() {
        var info = Specs.intercept("b", WAITING, spec -> {});
        assertThat(review(
                        info,
                        Specs.intercept("a", ACTIVE, spec -> spec.setPortIdentifier("dns")),
                        Specs.intercept("c", ACTIVE, spec -> spec.setAgent("other")),
                        Specs.intercept("d", ACTIVE, spec -> spec.setNamespace("other")),
                        Specs.intercept("e", AGENT_ERROR, spec -> {})))
                .isInstanceOf(Review.Accept.class);
    }

    @Test
    void filtersThatShareNoRequestShareThePort() {
        var alice = Specs.intercept("a", ACTIVE, spec -> spec.putHeaderFilters("x-user", "alice"));
        var bob = Specs.intercept("b", WAITING, spec -> spec.putHeaderFilters("x-user", "bob"));
        var api = Specs.intercept("c", WAITING, spec -> spec.addPathFilters(":path-prefix:/api"));
        var all = Specs.intercept("d", WAITING, spec -> {});
        assertThat(review(bob, alice)).isInstanceOf(Review.Accept.class);
        assertThat(review(api, alice)).isInstanceOf(Review.Refuse.class);
        assertThat(review(all, alice)).isInstanceOf(Review.Refuse.class);
        assertThat(review(bob, Specs.intercept("z", ACTIVE, spec -> {}))).isInstanceOf(Review.Refuse.class);
    }
}
