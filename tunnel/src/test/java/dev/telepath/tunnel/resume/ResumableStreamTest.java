package dev.telepath.tunnel.resume;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Thousands of schedules on the simulated network. A failing seed is in the message; replay it alone with
 * {@code -Dsimulation.seed=N}, run more with {@code -Dsimulation.schedules=1000000}.
 */
class ResumableStreamTest {
    private static final int SCHEDULES = Integer.getInteger("simulation.schedules", 5_000);

    @Test
    void whateverTheScheduleBytesArriveOnceInOrderAndNothingIsLeft() {
        Map<ResetCode, Integer> codes = new EnumMap<>(ResetCode.class);
        long replayed = 0;
        int cleanAfterCuts = 0;
        for (long seed = 1; seed <= SCHEDULES; seed++) {
            Simulation.Outcome outcome = new Simulation(seed).run();
            codes.merge(outcome.atInitiator(), 1, Integer::sum);
            replayed += outcome.replayed();
            if (outcome.cuts() > 0 && outcome.atInitiator() == ResetCode.CLEAN) {
                cleanAfterCuts++;
            }
        }
        // The schedules must reach what they are for.
        assertThat(replayed).as("bytes replayed").isPositive();
        assertThat(cleanAfterCuts).as("streams that survived a cut").isGreaterThan(SCHEDULES / 4);
        assertThat(codes.keySet()).contains(ResetCode.CLEAN, ResetCode.RESET, ResetCode.REFUSED, ResetCode.EXPIRED);
    }

    @Test
    @EnabledIfSystemProperty(named = "simulation.seed", matches = "\\d+")
    void oneSeedAlone() {
        assertThat(new Simulation(Long.getLong("simulation.seed")).run()).isNotNull();
    }
}
