package dev.telepath.manager.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DerivedTest {
    private final AtomicInteger known = new AtomicInteger();
    private final AtomicInteger told = new AtomicInteger();

    @Test
    void whatIsWorkedOutAgainWithTheSameResultIsNotTold() {
        var derived = new Derived<>(0, known::get);
        derived.changes().listen(told::incrementAndGet);
        assertThat(derived.look()).isFalse();
        known.set(7);
        assertThat(derived.look()).isTrue();
        assertThat(derived.look()).isFalse();
        assertThat(derived.now()).isEqualTo(7);
        assertThat(told).hasValue(1);
    }

    /** As when one thread lists Services and one hears of the first pod: the pod stayed unknown for good. */
    @Test
    void theLookThatSawLessIsNeverTheLastToTell() throws InterruptedException {
        var seen = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var derived = new Derived<>(-1, () -> {
            int value = known.get();
            if (value == 0) {
                seen.countDown();
                awaitQuietly(goOn);
            }
            return value;
        });
        Thread early = Thread.ofPlatform().start(derived::look);
        seen.await();
        known.set(1);
        Thread late = Thread.ofPlatform().start(derived::look);
        await().until(() -> late.getState() == Thread.State.BLOCKED || !late.isAlive());
        goOn.countDown();
        early.join();
        late.join();
        assertThat(derived.now()).isEqualTo(1);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
