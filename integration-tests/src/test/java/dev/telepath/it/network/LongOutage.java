package dev.telepath.it.network;

import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files of 1 GiB, and a network that is gone for 30 s: longer than any heartbeat waits. */
@Timeout(900)
class LongOutage {
    /** Less by {@code -Dtelepath.network.mebibytes=N}. */
    private static final long LENGTH = Long.getLong("telepath.network.mebibytes", 1024) << 20;

    @ParameterizedTest
    @EnumSource(NearAndFar.Outage.class)
    void filesOfOneGibibyteArriveWholeByEveryWayThoughTheNetworkIsGoneForHalfAMinute(NearAndFar.Outage how) {
        Namespace.missing().ifPresent(why -> Assumptions.abort("skipped: " + why));
        try (var world = new NearAndFar(List.of())) {
            OutageIT.outage(world, how, LENGTH, LENGTH / 8, "24M", Duration.ofSeconds(30));
        }
    }
}
