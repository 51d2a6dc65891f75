package dev.telepath.manager.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.manager.settings.Timer;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatchesTest {
    private final Changes changes = new Changes();
    private final AtomicInteger state = new AtomicInteger();
    private final AtomicBoolean over = new AtomicBoolean();
    private final ExecutorService loop = Executors.newSingleThreadExecutor();
    private final Timer timer = new Timer();
    private final Watches watches = new Watches(timer, Duration.ofMillis(5));

    @AfterEach
    void stop() {
        loop.shutdown();
    }

    private AssertSubscriber<Integer> subscribe(long demand) {
        return watches.watch(List.of(changes), state::get, Watches.<Integer>snapshots(), over::get, loop)
                .subscribe()
                .withSubscriber(AssertSubscriber.create(demand));
    }

    private void set(int value) {
        state.set(value);
        changes.fire();
    }

    @Test
    void theStateIsToldFirstAndThenEachChange() {
        var subscriber = subscribe(Long.MAX_VALUE);
        await().untilAsserted(() -> subscriber.assertItems(0));
        set(1);
        await().untilAsserted(() -> subscriber.assertItems(0, 1));
    }

    @Test
    void aSubscriberThatDoesNotAskMissesTheStatesBetween() {
        var subscriber = subscribe(1);
        await().untilAsserted(() -> subscriber.assertItems(0));
        for (int i = 1; i <= 1000; i++) {
            set(i);
        }

        subscriber.request(1);

        await().untilAsserted(() -> assertThat(subscriber.getItems()).hasSize(2));
        subscriber.request(Long.MAX_VALUE);
        await().untilAsserted(() -> assertThat(subscriber.getItems().getLast()).isEqualTo(1000));
        assertThat(subscriber.getItems().size()).isLessThan(10);
    }

    @Test
    void nothingIsToldWhenNothingChanged() {
        var subscriber = subscribe(Long.MAX_VALUE);
        await().untilAsserted(() -> subscriber.assertItems(0));
        changes.fire();
        set(0);
        set(2);
        await().untilAsserted(() -> subscriber.assertItems(0, 2));
    }

    @Test
    void cancellingStopsListening() {
        var subscriber = subscribe(Long.MAX_VALUE);
        await().until(() -> changes.listeners() == 1);
        subscriber.cancel();
        await().until(() -> changes.listeners() == 0);
    }

    @Test
    void theEndOfTheSessionCompletesTheStream() {
        var subscriber = subscribe(Long.MAX_VALUE);
        over.set(true);
        changes.fire();
        subscriber.awaitCompletion();
        assertThat(changes.listeners()).isZero();
    }

    @Test
    void aDeltaNamesWhatIsNewChangedAndGone() {
        var first = Delta.between(null, Map.of("a", 1)).orElseThrow();
        var second =
                Delta.between(Map.of("a", 1, "b", 1), Map.of("b", 2, "c", 1)).orElseThrow();

        assertThat(first.upserts()).containsExactly(Map.entry("a", 1));
        assertThat(second.upserts()).containsOnly(Map.entry("b", 2), Map.entry("c", 1));
        assertThat(second.removals()).containsExactly("a");
        assertThat(Delta.between(Map.of("a", 1), Map.of("a", 1))).isEmpty();
        assertThat(Delta.<Integer>between(null, Map.of())).isPresent();
    }

    @Test
    void aFullOutboxRefusesAndAClosedOneEnds() {
        var outbox = new Outbox<Integer>(2, Runnable::run);
        AssertSubscriber<Integer> subscriber = outbox.items().subscribe().withSubscriber(AssertSubscriber.create(0));

        assertThat(outbox.offer(1)).isTrue();
        assertThat(outbox.offer(2)).isTrue();
        assertThat(outbox.offer(3)).isFalse();
        subscriber.request(1);
        subscriber.assertItems(1);
        assertThat(outbox.offer(3)).isTrue();
        outbox.close();
        subscriber.assertCompleted();
        assertThat(outbox.offer(4)).isFalse();
    }
}
