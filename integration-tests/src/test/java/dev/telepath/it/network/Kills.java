package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Running;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Kills one of tp's processes in the middle of {@code tp connect --network tun} or {@code tp quit}, as {@code kill -9} does, and sees
 * that the laptop becomes what it was. Where exactly is said without help from tp: by what the kernel shows, or by the clock.
 */
final class Kills {
    private static final Duration MOST = Duration.ofSeconds(60);
    /** How often it is looked whether the moment has come. */
    private static final long LOOK_NANOS = 200_000;

    private final NearAndFar world;
    private final Laptop laptop;

    /** Who is killed: the command that runs it. */
    enum Victim {
        DAEMON("daemon"),
        PRIVILEGED("privileged");

        private final String command;

        Victim(String command) {
            this.command = command;
        }
    }

    /** What the laptop's kernel shows, one after the other, while tp connects, and the other way round while it quits. */
    enum Step {
        /** The privileged process runs. */
        PRIVILEGED,
        /** There is a device. */
        DEVICE,
        /** It has its address. */
        ADDRESS,
        /** The Services' network leads to it. */
        ROUTE
    }

    Kills(NearAndFar world, Laptop laptop) {
        this.world = world;
        this.laptop = laptop;
    }

    private boolean reached(Step step) {
        return switch (step) {
            case PRIVILEGED -> laptop.process(Victim.PRIVILEGED.command).isPresent();
            case DEVICE -> world.laptop.procNet("dev").contains("tp0:");
            case ADDRESS -> world.laptop.procNet("fib_trie").contains("246.247.0.1");
            // 10.99.0.0, as the kernel writes it.
            case ROUTE -> world.laptop.procNet("route").contains("tp0\t0000630A");
        };
    }

    private static boolean awaitMoment(BooleanSupplier reached, Running meanwhile) {
        while (!reached.getAsBoolean()) {
            if (!meanwhile.isAlive()) {
                return reached.getAsBoolean();
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return true;
    }

    /** Kills while tp connects, once a step is reached and some time has gone. */
    void whileConnecting(Victim victim, Step step, Duration after) {
        Running connecting = world.start(
                "connecting",
                "connect",
                "--manager",
                world.telepath.managerAddress(),
                "--token-file",
                world.telepath.tokenFile("client-token").toString(),
                "--also-proxy",
                NearAndFar.SERVICES,
                "--network",
                "tun");
        assertThat(awaitMoment(() -> reached(step), connecting))
                .as("%s is reached: %s", step, connecting.log())
                .isTrue();
        killed(victim, after, connecting);
    }

    /** Kills while tp quits, once some time has gone since the command began; connected before. */
    void whileQuitting(Victim victim, Duration after) {
        killed(victim, after, world.start("quitting", "quit", "-s"));
    }

    /** Kills while tp quits, once a step is undone. */
    void whileQuitting(Victim victim, Step undone) {
        Optional<ProcessHandle> process = laptop.process(victim.command);
        Running quitting = world.start("quitting", "quit", "-s");
        awaitMoment(() -> !reached(undone), quitting);
        process.ifPresent(ProcessHandle::destroyForcibly);
        over(quitting);
    }

    private void killed(Victim victim, Duration after, Running command) {
        long at = System.nanoTime() + after.toNanos();
        while (System.nanoTime() - at < 0) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
        laptop.process(victim.command).ifPresent(ProcessHandle::destroyForcibly);
        over(command);
    }

    private void over(Running command) {
        try {
            command.awaitEnd(MOST);
        } catch (TimeoutException e) {
            throw new AssertionError(e.getMessage() + "\n" + command.log(), e);
        }
        // Where a process lives on that has not lost anything, the device stays, and is to stay.
        boolean whole = laptop.process(Victim.DAEMON.command).isPresent()
                && laptop.process(Victim.PRIVILEGED.command).isPresent();
        if (whole) {
            world.telepath.tp("quit", "-s");
        }
        laptop.awaitAsBefore();
    }

    /** Connects as if nothing had been, and reaches the cluster. */
    void connectAfresh() {
        world.telepath
                .connect("--also-proxy", NearAndFar.SERVICES, "--network", "tun")
                .orFail();
        await().atMost(MOST)
                .untilAsserted(() -> assertThat(laptop.curl(Laptop.URL).out()).isEqualTo(Laptop.HELLO));
        assertThat(laptop.status().path("device").path("name").asText()).isEqualTo("tp0");
    }
}
