package dev.telepath.client.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.dns.AnswerCache.Found;
import dev.telepath.client.dns.AnswerCache.Question;
import dev.telepath.dns.Answer;
import dev.telepath.dns.Dns;
import dev.telepath.dns.ResourceRecord;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

class AnswerCacheTest {
    private static final Question WEB = new Question("web", Type.A);

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1000);
    private final AnswerCache cache = cache(3);

    private AnswerCache cache(int most) {
        return new AnswerCache(clock::get, Duration.ofSeconds(30), Duration.ofSeconds(5), most);
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    private static ResourceRecord address(long ttl) {
        return Dns.far("web", Type.A, ttl, "10.0.0.1");
    }

    private long ttl(Question key) {
        Found found = cache.find(key).orElseThrow();
        return found.ttl(found.answer().records().getFirst());
    }

    @Test
    void anAnswerIsKeptForTheShortestTtlAndCountsDown() {
        Found fresh = cache.put(WEB, Dns.found(address(10), Dns.far("web", Type.A, 4, "10.0.0.2")));
        assertThat(fresh.ttl(address(10))).isEqualTo(4);
        pass(Duration.ofMillis(3500));

        assertThat(ttl(WEB)).isZero();
        pass(Duration.ofMillis(500));

        assertThat(cache.find(WEB)).isEmpty();
        assertThat(cache.size()).isZero();
    }

    @Test
    void theTtlToldIsNeverMoreThanWhatIsLeft() {
        cache.put(WEB, Dns.found(address(20)));
        pass(Duration.ofSeconds(7));

        assertThat(ttl(WEB)).isEqualTo(13);
    }

    @Test
    void theSettingBoundsALongTtl() {
        cache.put(WEB, Dns.found(address(86_400)));

        assertThat(ttl(WEB)).isEqualTo(30);
        pass(Duration.ofSeconds(30));
        assertThat(cache.find(WEB)).isEmpty();
    }

    @Test
    void nothingIsKeptForTheShorterTimeAndFailuresNotAtAll() {
        cache.put(WEB, Dns.code(Rcode.NXDOMAIN));
        cache.put(new Question("web", Type.AAAA), Dns.found());
        cache.put(new Question("web", Type.TXT), Dns.code(Rcode.NOTIMP));
        cache.put(new Question("failed", Type.A), Answer.FAILED);
        cache.put(new Question("zero", Type.A), Dns.found(address(0)));
        assertThat(cache.size()).isEqualTo(3);

        pass(Duration.ofMillis(4999));
        assertThat(cache.find(WEB)).isPresent();
        pass(Duration.ofMillis(1));
        assertThat(cache.find(WEB)).isEmpty();
    }

    @Test
    void theOneUnusedLongestMakesRoom() {
        for (int i = 0; i < 3; i++) {
            cache.put(new Question("n" + i, Type.A), Dns.found(address(20)));
        }
        cache.find(new Question("n0", Type.A));
        cache.put(WEB, Dns.found(address(20)));

        assertThat(cache.size()).isEqualTo(3);
        assertThat(cache.find(new Question("n0", Type.A))).isPresent();
        assertThat(cache.find(new Question("n1", Type.A))).isEmpty();
    }

    @Test
    void withoutEntriesNothingIsKept() {
        AnswerCache none = cache(0);

        assertThat(none.put(WEB, Dns.found(address(20))).ttl(address(20))).isEqualTo(20);
        assertThat(none.find(WEB)).isEmpty();
    }

    @Test
    void aLargeAnswerIsGivenAndNotKept() {
        ResourceRecord[] many = new ResourceRecord[2000];
        java.util.Arrays.fill(many, address(20));
        cache.put(WEB, Dns.found(many));

        assertThat(cache.find(WEB)).isEmpty();
    }
}
