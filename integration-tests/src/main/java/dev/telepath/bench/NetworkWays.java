package dev.telepath.bench;

import dev.telepath.harness.Metrics;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.NearLoad;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A program of a laptop that asks a service of the cluster: directly over a cable, by the device of the whole machine, and by {@code tp
 * run}. All are network namespaces of this machine, so all of them share its processors.
 */
final class NetworkWays {
    private static final Duration MOST = Duration.ofMinutes(10);

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
            ways.put("direct", load(world, List.of(), NearAndFar.NAME_SERVER));
            world.connect("--network", "tun");
            line("tp daemon, resident once connected", Metrics.residentKib(pid(world)) / 1024 + " MiB");
            ways.put("device", load(world, List.of(), NearAndFar.SERVICE));
            line("tp daemon, resident after that", Metrics.residentKib(pid(world)) / 1024 + " MiB");
            List<String> run = new ArrayList<>(Program.TP.command("256m"));
            run.addAll(List.of("run", "--"));
            ways.put("tp run", load(world, run, NearAndFar.SERVICE));
            var names = new TreeSet<String>();
            ways.values().forEach(way -> names.addAll(way.keySet()));
            names.removeIf(name -> name.startsWith("warm"));
            for (String name : names) {
                ways.forEach((way, figures) -> line(name + ", " + way, figures.getOrDefault(name, "-")));
            }
        }
    }

    private static void line(String what, String figure) {
        System.out.printf("%-40s %s%n", what, figure);
    }

    private static long pid(NearAndFar world) {
        String status = world.telepath.tp("status", "--output", "json").orFail().out();
        return Long.parseLong(status.replaceAll("(?s).*?\"pid\"\\s*:\\s*(\\d+).*", "$1"));
    }

    private Map<String, String> load(NearAndFar world, List<String> before, String address) {
        List<String> line = new ArrayList<>(world.laptop.enter());
        line.addAll(before);
        line.addAll(NearLoad.command(address, quick));
        Result result = world.telepath.runCommand(line, world.telepath.tpEnvironment("dev"), MOST);
        Map<String, String> figures = new LinkedHashMap<>();
        result.out().lines().filter(text -> text.contains("=")).forEach(text -> {
            int equals = text.indexOf('=');
            figures.put(text.substring(0, equals), text.substring(equals + 1));
        });
        if (result.exit() != 0) {
            System.err.println(result.err());
        }
        return figures;
    }
}
