package dev.telepath.client.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.dns.AnswerCache.Found;
import dev.telepath.client.dns.AnswerCache.Question;
import dev.telepath.dns.Answer;
import dev.telepath.dns.Dns;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

class ClusterLookupTest {
    private final Map<Question, CompletableFuture<Answer>> far = new HashMap<>();
    private final List<Question> asked = new ArrayList<>();
    private final AtomicLong clock = new AtomicLong();
    private final DnsMetrics metrics = new DnsMetrics(new SimpleMeterRegistry());
    private final ClusterLookup lookup = lookup(Duration.ofSeconds(20));

    private ClusterLookup lookup(Duration timeout) {
        var cache = new AnswerCache(clock::get, Duration.ofSeconds(30), Duration.ofSeconds(5), 100);
        return new ClusterLookup(this::ask, cache, timeout, metrics);
    }

    private CompletionStage<Answer> ask(String name, int type) {
        asked.add(new Question(name, type));
        return far.computeIfAbsent(new Question(name, type), key -> new CompletableFuture<>());
    }

    private void tell(String name, int type, Answer answer) {
        far.computeIfAbsent(new Question(name, type), key -> new CompletableFuture<>())
                .complete(answer);
    }

    private static Answer now(CompletionStage<Found> asked) {
        assertThat(asked.toCompletableFuture()).isCompleted();
        return asked.toCompletableFuture().join().answer();
    }

    @Test
    void equalQuestionsUnderWayAreOneAndThenItIsKnown() {
        var one = lookup.ask("web", Type.A);
        var two = lookup.ask("web", Type.A);
        assertThat(lookup.isUnderWay("web", Type.A)).isTrue();
        assertThat(lookup.isUnderWay("web", Type.AAAA)).isFalse();

        Answer answer = Dns.found(Dns.far("web", Type.A, 10, "10.0.0.1"));
        tell("web", Type.A, answer);

        assertThat(now(one)).isEqualTo(answer);
        assertThat(now(two)).isEqualTo(answer);
        assertThat(now(lookup.ask("web", Type.A))).isEqualTo(answer);
        assertThat(asked).hasSize(1);
        assertThat(metrics.cacheHits()).isEqualTo(1);
        assertThat(lookup.underWay()).isZero();
    }

    @Test
    void itIsAskedAgainWhenTheTtlIsOver() {
        tell("web", Type.A, Dns.found(Dns.far("web", Type.A, 10, "10.0.0.1")));
        now(lookup.ask("web", Type.A));
        clock.addAndGet(Duration.ofSeconds(10).toNanos());
        now(lookup.ask("web", Type.A));

        assertThat(asked).hasSize(2);
    }

    @Test
    void aNameWithAddressesOfOneFamilyIsKnownForTheOther() {
        tell("web", Type.A, Dns.found(Dns.far("web", Type.A, 10, "10.0.0.1")));
        tell("web", Type.AAAA, Dns.code(Rcode.NXDOMAIN));
        tell("six", Type.A, Dns.code(Rcode.NXDOMAIN));
        tell("six", Type.AAAA, Dns.found(Dns.far("six", Type.AAAA, 10, "fd00::1")));
        tell("web", Type.TXT, Dns.code(Rcode.NXDOMAIN));

        assertThat(now(lookup.ask("web", Type.AAAA))).isEqualTo(Dns.found());
        assertThat(now(lookup.ask("six", Type.A))).isEqualTo(Dns.found());
        assertThat(now(lookup.ask("web", Type.TXT))).isEqualTo(Dns.found());
    }

    @Test
    void aNameWithoutAnyAddressIsUnknown() {
        tell("nobody", Type.A, Dns.code(Rcode.NXDOMAIN));
        tell("nobody", Type.AAAA, Dns.code(Rcode.NXDOMAIN));

        assertThat(now(lookup.ask("nobody", Type.A))).isEqualTo(Dns.code(Rcode.NXDOMAIN));
        assertThat(asked).hasSize(2);
    }

    @Test
    void whereTheOtherFamilyCannotBeAskedNobodyHearsThatTheNameIsUnknown() {
        tell("web", Type.AAAA, Dns.code(Rcode.NXDOMAIN));
        tell("web", Type.A, Dns.code(Rcode.SERVFAIL));

        assertThat(now(lookup.ask("web", Type.AAAA)).isTold()).isFalse();
    }

    @Test
    void silenceAndFailureAreFailuresAndAreNotKept() {
        ClusterLookup impatient = lookup(Duration.ofMillis(20));
        assertThat(impatient.ask("silent", Type.A).toCompletableFuture().join().answer())
                .isEqualTo(Answer.FAILED);

        far.put(new Question("away", Type.A), CompletableFuture.failedFuture(new IllegalStateException("away")));
        assertThat(now(lookup.ask("away", Type.A))).isEqualTo(Answer.FAILED);
        now(lookup.ask("away", Type.A));

        assertThat(asked.stream().filter(new Question("away", Type.A)::equals)).hasSize(2);
        assertThat(lookup.cached()).isZero();
    }

    @Test
    void closingEndsWhatIsUnderWayAndWhatComes() {
        var waiting = lookup.ask("web", Type.A);
        lookup.close();

        assertThat(now(waiting)).isEqualTo(Answer.FAILED);
        assertThat(now(lookup.ask("other", Type.A))).isEqualTo(Answer.FAILED);
        assertThat(asked).hasSize(1);
    }
}
