package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

class HostResolverTest {
    private static final HostResolver.Limit LIMIT = new HostResolver.Limit(1, "some.setting");
    private static final Duration TTL = Duration.ofSeconds(4);

    private final List<String> asked = new ArrayList<>();

    private HostResolver resolver(Answer told) {
        return new HostResolver(
                Runnable::run,
                (name, type) -> {
                    asked.add(name + " " + Type.string(type));
                    return CompletableFuture.completedFuture(told);
                },
                LIMIT,
                TTL);
    }

    private Answer answer(String name, int type, Answer told) {
        return resolver(told).answer(name, type).toCompletableFuture().join();
    }

    @Test
    void anAddressIsResolvedByTheRuntime() {
        assertThat(answer("localhost.", Type.A, Answer.FAILED))
                .isEqualTo(Answer.of(List.of(Dns.far("localhost", Type.A, 4, "127.0.0.1"))));
        assertThat(answer("127.0.0.1.", Type.AAAA, Answer.FAILED)).isEqualTo(Answer.of(List.of()));
        assertThat(answer(".", Type.A, Answer.FAILED)).isEqualTo(Answer.of(List.of()));
        assertThat(asked).isEmpty();
    }

    @Test
    void otherTypesAreAskedOfTheServersUnderTheNameAsItIs() {
        Answer told = Answer.of(List.of(Dns.far("web.ns", Type.TXT, 4, "\"hello\"")));

        assertThat(answer("web.ns", Type.TXT, told)).isEqualTo(told);
        assertThat(answer("Web.ns.", 4711, Answer.code(Rcode.NXDOMAIN))).isEqualTo(Answer.code(Rcode.NXDOMAIN));
        assertThat(asked).containsExactly("web.ns TXT", "Web.ns. TYPE4711");
    }

    @Test
    void thatATypeCannotBeAskedForIsPassedOn() {
        assertThat(answer("web.ns.", Type.SRV, Answer.code(Rcode.NOTIMP))).isEqualTo(Answer.code(Rcode.NOTIMP));
    }

    @Test
    void theNameOfAnAddressIsTheRuntimesElseThatOfTheServers() {
        InetAddress here = InetAddress.getLoopbackAddress();
        assertThat(answer(ReverseName.of(here) + ".", Type.PTR, Answer.FAILED).records())
                .containsExactly(Dns.far(ReverseName.of(here), Type.PTR, 4, here.getCanonicalHostName() + "."));
        assertThat(asked).isEmpty();

        Answer told = Answer.of(List.of(Dns.far("_http._tcp.ns", Type.PTR, 30, "web._http._tcp.ns.")));
        assertThat(answer("_http._tcp.ns.", Type.PTR, told)).isEqualTo(told);
        assertThat(asked).containsExactly("_http._tcp.ns. PTR");
    }

    @Test
    void aNumberThatIsNoTypeIsNotImplemented() {
        for (int type : new int[] {-1, 0, 0x10000}) {
            assertThat(answer("web.ns.", type, Answer.FAILED)).isEqualTo(Answer.code(Rcode.NOTIMP));
        }
    }

    @Test
    void whatIsNoNameIsUnknown() {
        assertThat(answer("", Type.TXT, Answer.FAILED)).isEqualTo(Answer.code(Rcode.NXDOMAIN));
        assertThat(answer("x".repeat(64), Type.TXT, Answer.FAILED)).isEqualTo(Answer.code(Rcode.NXDOMAIN));
        assertThat(asked).isEmpty();
    }

    @Test
    void whoeverCannotBeAskedIsAFailureByItsCode() {
        var failing = new HostResolver(
                Runnable::run,
                (name, type) -> CompletableFuture.failedFuture(new IllegalStateException("away")),
                LIMIT,
                TTL);
        assertThat(failing.answer("web.", Type.TXT).toCompletableFuture()).isCompletedWithValue(Answer.FAILED);
        // The look-up is over, so another has its place.
        assertThat(failing.addresses("localhost").toCompletableFuture()).isCompleted();
    }

    @Test
    void lookupsBeyondTheLimitFailAtOnce() {
        var servers = new CompletableFuture<Answer>();
        var resolver = new HostResolver(Runnable::run, (name, type) -> servers, LIMIT, TTL);
        CompletableFuture<Answer> first = resolver.answer("web.", Type.TXT).toCompletableFuture();

        assertThat(resolver.answer("web.", Type.TXT).toCompletableFuture()).isCompletedWithValue(Answer.FAILED);
        assertThat(resolver.addresses("localhost").toCompletableFuture())
                .isCompletedExceptionally()
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("some.setting");
        servers.complete(Answer.of(List.of()));
        assertThat(first).isCompleted();
        assertThat(resolver.addresses("localhost").toCompletableFuture()).isCompleted();
    }
}
