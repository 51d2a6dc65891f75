package dev.telepath.it.network;

import dev.telepath.harness.NearAndFar;
import dev.telepath.it.network.Kills.Step;
import dev.telepath.it.network.Kills.Victim;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Kills at every moment of connect and quit: 100 of each process, and after each a connection as if nothing had been. */
@Timeout(1800)
class ManyKills {
    /** Fewer by {@code -Dtelepath.network.moments=N}. */
    private static final int MOMENTS = Integer.getInteger("telepath.network.moments", 50);
    /** From the start of tp quit until the daemon is gone it takes about a second and a half. */
    private static final long QUIT_MILLIS = 30;

    @RegisterExtension
    static final Laptop laptop = new Laptop();

    private static NearAndFar world;

    @BeforeAll
    static void install() {
        world = laptop.world();
    }

    @ParameterizedTest
    @EnumSource(Victim.class)
    void nothingStaysWheneverAProcessIsKilled(Victim victim) {
        var kills = new Kills(world, laptop);
        for (int moment = 0; moment < MOMENTS; moment++) {
            // The daemon from the start of the other process on, a second; that one from when it has begun to change
            // anything.
            long part = 50L * moment / MOMENTS;
            if (victim == Victim.DAEMON) {
                kills.whileConnecting(victim, Step.PRIVILEGED, Duration.ofMillis(part * 25));
            } else {
                kills.whileConnecting(victim, Step.DEVICE, Duration.ofMillis(part * 5));
            }
            kills.connectAfresh();
            kills.whileQuitting(victim, Duration.ofMillis(part * QUIT_MILLIS));
            kills.connectAfresh();
            laptop.quit();
        }
    }
}
