package dev.telepath.tunnel.resume;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import org.junit.jupiter.api.Test;

class WindowTest {
    private static final long KIB = 1024;
    private final Budget budget = new Budget(KIB * KIB);
    private final GrowingWindow window = new GrowingWindow(256 * KIB, 700 * KIB, budget);

    @Test
    void aWindowDoublesEachTimeItWasWantingUpToItsMost() {
        assertThat(window.size()).isEqualTo(256 * KIB);
        window.wanting();
        assertThat(window.size()).isEqualTo(512 * KIB);
        window.wanting();
        window.wanting();
        assertThat(window.size()).isEqualTo(700 * KIB);
    }

    @Test
    void aWindowIsLeastAndDoesNotGrowWhileMemoryIsShort() {
        budget.add(800 * KIB);
        window.wanting();
        assertThat(window.size()).isEqualTo(64 * KIB);
        budget.add(-800 * KIB);
        assertThat(window.size()).isEqualTo(256 * KIB);
    }

    @Test
    void aBudgetIsTightAboveThreeQuartersAndUsedUpAtItsCapacity() {
        assertThat(budget.capacity()).isEqualTo(KIB * KIB);
        budget.add(768 * KIB);
        assertThat(budget.tight()).isFalse();
        budget.add(1);
        assertThat(budget.tight()).isTrue();
        assertThat(budget.exhausted()).isFalse();
        budget.add(256 * KIB - 1);
        assertThat(budget.exhausted()).isTrue();
        assertThat(budget.used()).isEqualTo(KIB * KIB);
    }

    @Test
    void aBudgetIsAtLeastAMebibyte() {
        assertThat(new Budget(1).capacity()).isEqualTo(KIB * KIB);
    }

    @Test
    void aStarvedSenderWithAReaderThatKeepsUpGrowsTheWindow() {
        var receiving = new Receiving(window);
        assertThat(receiving.granted()).isEqualTo(256 * KIB);
        receiving.take(data(0, 1000, true));
        receiving.wrote(1000);
        assertThat(receiving.ack().getLimit()).isEqualTo(1000 + 512 * KIB);
    }

    @Test
    void aStarvedSenderWithASlowReaderDoesNot() {
        var receiving = new Receiving(window);
        receiving.take(data(0, 2000, true));
        receiving.wrote(1000);
        assertThat(receiving.ack().getLimit()).isEqualTo(1000 + 256 * KIB);
    }

    @Test
    void creditOnceGivenIsNotTakenBackWhenMemoryBecomesShort() {
        var receiving = new Receiving(window);
        budget.add(1000 * KIB);
        receiving.take(data(0, 1000, false));
        receiving.wrote(1000);
        assertThat(receiving.ack().getLimit()).isEqualTo(256 * KIB);
    }

    private static StreamFrame.Data data(long offset, int size, boolean starved) {
        return StreamFrame.Data.newBuilder()
                .setOffset(offset)
                .setBytes(ByteString.copyFrom(new byte[size]))
                .setStarved(starved)
                .build();
    }
}
