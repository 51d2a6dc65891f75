package dev.telepath.soak;

import dev.telepath.harness.Installation;
import dev.telepath.harness.fault.Cut;
import dev.telepath.harness.fault.Direction;
import dev.telepath.harness.fault.Fault;
import dev.telepath.harness.fault.FaultProxy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Random troubles, one after another, from a seed. Each is over when {@link #next} returns. One thread. */
final class Troubles {
    private final Installation telepath;
    private final List<FaultProxy> networks;
    private final long agent;
    private final long daemon;
    private final Random random;
    private final Map<String, Integer> happened = new TreeMap<>();

    Troubles(Installation telepath, List<FaultProxy> networks, long agent, long daemon, long seed) {
        this.telepath = telepath;
        this.networks = networks;
        this.agent = agent;
        this.daemon = daemon;
        this.random = new Random(seed);
    }

    /** How often each has happened. */
    Map<String, Integer> happened() {
        return Map.copyOf(happened);
    }

    /** Milliseconds of quiet before the next one. */
    long quiet() {
        return random.nextLong(1_000, 8_000);
    }

    /** Lets one happen, and waits until it is over. */
    void next() throws InterruptedException, IOException, TimeoutException {
        FaultProxy network = networks.get(random.nextInt(networks.size()));
        switch (random.nextInt(9)) {
            case 0 -> {
                count("reset");
                network.cut(Cut.RESET);
            }
            case 1 -> {
                count("finish");
                network.cut(Cut.FINISH);
            }
            case 2 -> {
                count("outage");
                network.outage(Duration.ofMillis(random.nextLong(100, 8_000))).join();
            }
            case 3 -> during("blackhole", network, new Fault.Blackhole(), 20_000);
            case 4 ->
                during(
                        "blackhole one way",
                        network,
                        new Fault.Blackhole(Set.of(Direction.values()[random.nextInt(2)])),
                        20_000);
            case 5 -> during("delay", network, new Fault.Delay(Duration.ofMillis(random.nextLong(1, 200))), 5_000);
            case 6 -> during("bandwidth", network, new Fault.Bandwidth(200_000), 5_000);
            case 7 -> {
                boolean hard = random.nextBoolean();
                count(hard ? "manager killed" : "manager told to end");
                if (hard) {
                    telepath.manager().kill();
                } else {
                    telepath.manager().stop();
                }
                TimeUnit.MILLISECONDS.sleep(random.nextLong(10, 2_000));
                telepath.startManager();
            }
            default -> {
                long[] programs = {telepath.manager().pid(), agent, daemon};
                long pid = programs[random.nextInt(programs.length)];
                count("program stopped");
                signal("STOP", pid);
                TimeUnit.MILLISECONDS.sleep(random.nextLong(100, 5_000));
                signal("CONT", pid);
            }
        }
    }

    private void during(String name, FaultProxy network, Fault fault, long most)
            throws InterruptedException, IOException {
        count(name + " at " + (network == networks.getFirst() ? "the agent" : "tp"));
        network.apply(fault);
        TimeUnit.MILLISECONDS.sleep(random.nextLong(500, most));
        network.pass();
    }

    private void count(String name) throws IOException {
        happened.merge(name, 1, Integer::sum);
        Files.writeString(
                telepath.directory().resolve("troubles.log"),
                Instant.now() + " " + name + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    private static void signal(String name, long pid) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, String.valueOf(pid)).start().waitFor();
    }
}
