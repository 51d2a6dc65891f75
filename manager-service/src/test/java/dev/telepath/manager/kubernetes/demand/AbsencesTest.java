package dev.telepath.manager.kubernetes.demand;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.manager.session.WorkloadKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class AbsencesTest {
    private static final WorkloadKey WEB = new WorkloadKey("shop", "web");
    private static final Duration GRACE = Duration.ofMinutes(1);

    private final Absences absences = new Absences(GRACE);
    private Instant now = Instant.EPOCH;

    private List<WorkloadKey> look(boolean held) {
        return absences.toPutBack(now, List.of(WEB), key -> held);
    }

    private void pass(Duration time) {
        now = now.plus(time);
    }

    @Test
    void aHeldContainerStaysAwayForAsLongAsItIsHeld() {
        assertThat(look(true)).isEmpty();
        pass(Duration.ofDays(2));
        assertThat(look(true)).isEmpty();
    }

    @Test
    void aContainerComesBackAMomentAfterItsLastEngagement() {
        assertThat(look(true)).isEmpty();
        pass(Absences.LINGER.minusMillis(1));
        assertThat(look(false)).isEmpty();
        pass(Duration.ofMillis(1));
        assertThat(look(false)).containsExactly(WEB);
    }

    @Test
    void oneThatAnEarlierManagerReplacedWaitsForItsClientAndThenComesBack() {
        assertThat(look(false)).isEmpty();
        pass(GRACE.minusMillis(1));
        assertThat(look(false)).isEmpty();
        pass(Duration.ofMillis(1));
        assertThat(look(false)).containsExactly(WEB);
    }

    @Test
    void oneThatIsStillAwayIsTriedAgainButNotAtEveryLook() {
        look(true);
        pass(Absences.LINGER);
        assertThat(look(false)).containsExactly(WEB);
        pass(Duration.ofSeconds(1));
        assertThat(look(false)).isEmpty();
        pass(Absences.LINGER);
        assertThat(look(false)).containsExactly(WEB);
    }

    @Test
    void aClientThatComesBackLateHasItReplacedAgainOnce() {
        look(false);
        pass(GRACE);
        assertThat(look(false)).containsExactly(WEB);
        assertThat(absences.returned(List.of(WEB), key -> true)).isEmpty();
        assertThat(absences.returned(List.of(), key -> false)).isEmpty();
        assertThat(absences.returned(List.of(), key -> true)).containsExactly(WEB);
        assertThat(absences.returned(List.of(), key -> true)).isEmpty();
    }
}
