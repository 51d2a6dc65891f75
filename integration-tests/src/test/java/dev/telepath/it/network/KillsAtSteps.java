package dev.telepath.it.network;

import dev.telepath.harness.NearAndFar;
import dev.telepath.it.network.Kills.Step;
import dev.telepath.it.network.Kills.Victim;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** One of tp's processes is killed at a step of connect or quit. {@link ManyKills} does the same at every moment. */
@Timeout(120)
class KillsAtSteps {
    @RegisterExtension
    static final Laptop laptop = new Laptop();

    private static NearAndFar world;
    private static Kills kills;

    @BeforeAll
    static void install() {
        world = laptop.world();
        kills = new Kills(world, laptop);
    }

    @AfterEach
    void quit() {
        laptop.quit();
    }

    @Test
    void nothingStaysOfADaemonThatIsKilledWhileItConnects() {
        kills.whileConnecting(Victim.DAEMON, Step.PRIVILEGED, Duration.ofMillis(300));
        kills.whileConnecting(Victim.DAEMON, Step.DEVICE, Duration.ZERO);
        kills.whileConnecting(Victim.DAEMON, Step.ROUTE, Duration.ZERO);
        kills.connectAfresh();
    }

    @Test
    void nothingStaysOfAPrivilegedProcessThatIsKilledWhileItConnects() {
        kills.whileConnecting(Victim.PRIVILEGED, Step.DEVICE, Duration.ZERO);
        kills.whileConnecting(Victim.PRIVILEGED, Step.ADDRESS, Duration.ZERO);
        kills.whileConnecting(Victim.PRIVILEGED, Step.ROUTE, Duration.ofMillis(20));
        kills.connectAfresh();
    }

    @Test
    void nothingStaysOfProcessesThatAreKilledWhileTheyQuit() {
        kills.connectAfresh();
        kills.whileQuitting(Victim.PRIVILEGED, Step.ROUTE);
        kills.connectAfresh();
        kills.whileQuitting(Victim.DAEMON, Step.ROUTE);
        kills.connectAfresh();
    }
}
