package dev.telepath.bench;

import dev.telepath.harness.Metrics;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.NearLoad;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.Running;
import dev.telepath.harness.Sshd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program of a laptop that asks a service of the cluster: directly over a cable, by the device of the whole machine, by {@code tp
 * run}, and by sshuttle where that is installed. An agent beside the service dials, and once, as where a service has none, the
 * manager. All are network namespaces of this machine, so all of them share its processors.
 */
final class NetworkWays {
    private static final Duration MOST = Duration.ofMinutes(10);
    private static final Duration SOON = Duration.ofSeconds(20);

    private static final Path IPERF = Path.of("/usr/bin/iperf3");
    private static final Path SSHUTTLE = Path.of("/usr/bin/sshuttle");
    private static final Pattern RECEIVED =
            Pattern.compile("\"sum_received\"[^}]*?\"bits_per_second\"\\s*:\\s*([0-9.e+]+)");

    private final boolean quick;

    NetworkWays(boolean quick) {
        this.quick = quick;
    }

    void run() {
        Namespace.missing().ifPresent(why -> {
            throw new IllegalStateException(why);
        });
        System.out.println((Program.isNative() ? "native" : "JVM") + " programs");
        try (var world = new NearAndFar(List.of())) {
            Map<String, Map<String, String>> ways = new LinkedHashMap<>();
            iperfServer(world);
            ways.put("direct", load(world, List.of(), NearAndFar.NAME_SERVER, true));
            sshuttle(world).ifPresent(figures -> ways.put("sshuttle", figures));
            world.connect("--network", "tun");
            line(
                    "tp daemon, resident once connected",
                    Metrics.residentKib(Bench.daemon(world.telepath)) / 1024 + " MiB");
            ways.put("device", load(world, List.of(), NearAndFar.SERVICE, true));
            line("tp daemon, resident after that", Metrics.residentKib(Bench.daemon(world.telepath)) / 1024 + " MiB");
            engage(world);
            ways.put("device, agent itself", load(world, List.of(), NearAndFar.SERVICE, true));
            world.telepath.tp("leave", "web").orFail();
            List<String> run = new ArrayList<>(Program.TP.command("256m"));
            run.addAll(List.of("run", "--"));
            ways.put("tp run", load(world, run, NearAndFar.SERVICE, true));
            world.agent.close();
            ways.put("device, manager dials", load(world, List.of(), NearAndFar.SERVICE, true));
            var names = new TreeSet<String>();
            ways.values().forEach(way -> names.addAll(way.keySet()));
            names.removeIf(name -> name.startsWith("warm"));
            for (String name : names) {
                ways.forEach((way, figures) -> line(name + ", " + way, figures.getOrDefault(name, "-")));
            }
        }
    }

    /** Of whom tp engages it is told where they are, so that what they dial goes past the manager. */
    private static void engage(NearAndFar world) {
        world.telepath.tp("intercept", "web", "--port", "9:http").orFail();
        long end = System.nanoTime() + SOON.toNanos();
        while (!world.telepath.tp("status").orFail().out().contains("1 of 1 agents")) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("no connection to the agent: "
                        + world.telepath.tp("status").out());
            }
        }
    }

    private static void line(String what, String figure) {
        System.out.printf("%-40s %s%n", what, figure);
    }

    private Map<String, String> load(NearAndFar world, List<String> before, String address, boolean datagrams) {
        List<String> line = new ArrayList<>(world.laptop.enter());
        line.addAll(before);
        List<String> iperf = new ArrayList<>(line);
        line.addAll(NearLoad.command(address, quick, datagrams));
        Result result = world.telepath.runCommand(line, world.telepath.tpEnvironment("dev"), MOST);
        Map<String, String> figures = new LinkedHashMap<>();
        result.out().lines().filter(text -> text.contains("=")).forEach(text -> {
            int equals = text.indexOf('=');
            figures.put(text.substring(0, equals), text.substring(equals + 1));
        });
        if (result.exit() != 0) {
            System.err.println(result.err());
        }
        if (Files.isExecutable(IPERF)) {
            iperf.addAll(List.of(IPERF.toString(), "-J", "-t", quick ? "2" : "5", "-c", address));
            figures.put("iperf3-up-mbit-s", iperf(world, iperf));
            iperf.add("-R");
            figures.put("iperf3-down-mbit-s", iperf(world, iperf));
        }
        return figures;
    }

    private static void iperfServer(NearAndFar world) {
        if (!Files.isExecutable(IPERF)) {
            System.out.println("skipped: iperf3 is not installed");
            return;
        }
        List<String> line = new ArrayList<>(world.cluster.enter());
        line.addAll(List.of(IPERF.toString(), "-s"));
        world.telepath.start("iperf3", line, Map.of());
    }

    /** What the receiver counted. */
    private static String iperf(NearAndFar world, List<String> line) {
        Result result = world.telepath.runCommand(line, world.telepath.tpEnvironment("dev"), MOST);
        Matcher rate = RECEIVED.matcher(result.out());
        return rate.find() ? String.valueOf(Math.round(Double.parseDouble(rate.group(1)) / 1e6)) : "-";
    }

    /** The same load by sshuttle, which carries connections alone. Empty, with a word why, where it does not run. */
    private Optional<Map<String, String>> sshuttle(NearAndFar world) {
        for (Path tool : List.of(SSHUTTLE, Path.of("/usr/sbin/sshd"), Path.of("/usr/sbin/nft"))) {
            if (!Files.isExecutable(tool)) {
                System.out.println("skipped: sshuttle, for want of " + tool);
                return Optional.empty();
            }
        }
        try {
            Path folder = Files.createDirectories(world.telepath.directory().resolve("ssh"));
            Sshd.prepare(world.telepath, folder, NearAndFar.NAME_SERVER);
            List<String> server = new ArrayList<>(world.cluster.enter());
            server.addAll(Sshd.command(folder));
            world.telepath.start("sshd", server, Map.of());
            List<String> line = new ArrayList<>(world.laptop.enter());
            line.addAll(List.of(
                    SSHUTTLE.toString(),
                    "--method",
                    "nft",
                    "-e",
                    "ssh " + Sshd.options(folder).strip()));
            line.addAll(List.of("-r", "root@" + NearAndFar.NAME_SERVER + ":" + Sshd.PORT, NearAndFar.SERVICES));
            // It redirects what is routed somewhere; a route of its own is the user's affair.
            world.laptop.run("ip", "route", "add", NearAndFar.SERVICES, "dev", "lo");
            try (Running sshuttle = world.telepath.start("sshuttle", line, Map.of())) {
                String reached = "for i in $(seq 25); do curl -sS -m 1 http://" + NearAndFar.SERVICE
                        + ":8080/ && exit 0; sleep 0.1; done; exit 1";
                if (world.laptop(reached).exit() != 0) {
                    System.out.println("skipped: sshuttle, which did not come up\n" + sshuttle.log());
                    return Optional.empty();
                }
                return Optional.of(load(world, List.of(), NearAndFar.SERVICE, false));
            } finally {
                world.laptop.run("ip", "route", "del", NearAndFar.SERVICES, "dev", "lo");
            }
        } catch (IOException e) {
            System.out.println("skipped: sshuttle: " + e.getMessage());
            return Optional.empty();
        }
    }
}
