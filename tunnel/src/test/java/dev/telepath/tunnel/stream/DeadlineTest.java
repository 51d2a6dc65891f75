package dev.telepath.tunnel.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class DeadlineTest {
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

    @BeforeEach
    void showWhatIsCancelled() {
        timer.setRemoveOnCancelPolicy(true);
    }

    @AfterEach
    void end() {
        timer.shutdownNow();
    }

    @Test
    void whatComesInTimeIsHandedOnAndLeavesNoTimer() {
        var stage = new CompletableFuture<String>();
        var bounded = Deadline.of(stage, Duration.ofHours(1), timer);
        assertThat(timer.getQueue()).hasSize(1);

        stage.complete("here");

        assertThat(bounded).isCompletedWithValue("here");
        assertThat(timer.getQueue()).isEmpty();
    }

    @Test
    void whatIsThereAlreadySetsNoTimer() {
        assertThat(Deadline.of(CompletableFuture.completedFuture(1), Duration.ofHours(1), timer))
                .isCompletedWithValue(1);
        assertThat(timer.getTaskCount()).isZero();
    }

    @Test
    void whatIsLateFailsAndIsNotEnded() {
        var stage = new CompletableFuture<String>();
        var bounded = Deadline.of(stage, Duration.ofMillis(1), timer);
        var seen = bounded.exceptionally(raw -> raw.getClass().getSimpleName());

        assertThatThrownBy(() -> bounded.get(20, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(TimeoutException.class);
        assertThat(seen.join()).isEqualTo("TimeoutException");
        assertThat(stage).isNotDone();
    }

    @Test
    void aFailureInTimeIsHandedOnAndLeavesNoTimer() {
        var stage = new CompletableFuture<String>();
        var bounded = Deadline.of(stage, Duration.ofHours(1), timer);

        stage.completeExceptionally(new StreamFailure.DialRefused("closed"));

        assertThatThrownBy(bounded::get).hasCauseInstanceOf(StreamFailure.DialRefused.class);
        assertThat(timer.getQueue()).isEmpty();
    }
}
