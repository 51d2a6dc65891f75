package dev.telepath.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A laptop and a cluster, each a network namespace, with a cable between them: the manager is reached over it, the Service's network
 * only by tp.
 */
public final class NearAndFar implements AutoCloseable {
    public static final String SERVICE = "10.99.0.10";
    public static final String SERVICES = "10.99.0.0/24";
    public static final String SERVICE6 = "fd99::10";
    public static final String SERVICES6 = "fd99::/64";
    public static final String NOBODY = "65534";
    /** At the other end of the cable; the manager is there too. */
    public static final String NAME_SERVER = "198.51.100.2";
    /** Has other answers; no cable leads there. */
    public static final String SECOND_NAME_SERVER = "198.51.101.2";
    /** The laptop's ends, and the cluster's. */
    public static final String CABLE = "cable";

    private static final String FAR_CABLE = "far";
    private static final String RESOLV_CONF = "resolv.conf";
    private static final String DROPS = "table inet outage {"
            + " chain arriving { type filter hook prerouting priority -300; iifname \"" + FAR_CABLE + "\" drop; };"
            + " chain leaving { type filter hook postrouting priority -300; oifname \"" + FAR_CABLE + "\" drop; }; }";

    /** How the network is gone. */
    public enum Outage {
        /** What is sent is lost, and nobody is told. */
        SILENT,
        /** The far end of the cable is pulled: the laptop's has no carrier. */
        UNPLUGGED
    }

    public final Namespace laptop;
    public final Namespace cluster;
    public final Installation telepath;
    /** Beside the Service; while it is there it dials, else the manager does. */
    public final Running agent;

    public final int agentPort;
    private final List<String> near;

    /**
     * @param as what tp's command lines begin with besides, within the laptop
     * @throws IllegalStateException where there can be no namespaces; {@link Namespace#missing} tells before
     */
    public NearAndFar(List<String> as) {
        Namespace.missing().ifPresent(why -> {
            throw new IllegalStateException(why);
        });
        laptop = Namespace.create();
        cluster = Namespace.create();
        laptop.join(
                cluster,
                new Namespace.CableEnd(CABLE, "198.51.100.1/24"),
                new Namespace.CableEnd(FAR_CABLE, NAME_SERVER + "/24"));
        cluster.run("ip", "addr", "add", SERVICE + "/24", "dev", "lo");
        cluster.run("ip", "addr", "add", SERVICE6 + "/64", "dev", "lo", "nodad");
        cluster.run("ip", "addr", "add", SECOND_NAME_SERVER + "/32", "dev", "lo");
        telepath = Installation.temporary().init();
        near = new ArrayList<>(laptop.enter());
        near.addAll(as);
        telepath.on(cluster.enter(), near, NAME_SERVER);
        Path resolv = telepath.directory().resolve(RESOLV_CONF);
        laptop.replace("/etc/resolv.conf", resolv, "nameserver " + NAME_SERVER + "\n");
        // As every desktop has it.
        laptop.run(
                "sh",
                "-c",
                "mknod /tmp/tun-for-all c 10 200 2>/dev/null; chmod 666 /tmp/tun-for-all;"
                        + " mount --bind /tmp/tun-for-all /dev/net/tun; rm /tmp/tun-for-all");
        List<String> services = new ArrayList<>(cluster.enter());
        services.addAll(FarServices.command(
                List.of(SERVICE, SERVICE6),
                Map.of(NAME_SERVER, FarServices.OTHER, SECOND_NAME_SERVER, FarServices.ANOTHER)));
        telepath.start("services", services, Map.of()).announced("ready");
        telepath.startManager();
        agent = startAgent(cluster, "web", SERVICE + ":8080");
        agentPort = agent.port("port-http");
    }

    /** One whose tp is run by a user without privileges: nobody, where that one can read this checkout and this JVM, else root after all. */
    public static NearAndFar ofUser() {
        var world = new NearAndFar(unprivileged());
        Path home = world.telepath.home("dev");
        world.telepath.tpEnvironment("dev");
        try {
            Files.setPosixFilePermissions(world.telepath.directory(), PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(
                    world.telepath.tokenFile("client-token"), PosixFilePermissions.fromString("rw-r--r--"));
            if (world.isOfUser()) {
                Files.setAttribute(home, "unix:uid", Integer.parseInt(NOBODY));
                Files.setAttribute(home, "unix:gid", Integer.parseInt(NOBODY));
            }
        } catch (IOException e) {
            world.close();
            throw new IllegalStateException(e);
        }
        return world;
    }

    /** Whether tp is run by nobody. */
    public boolean isOfUser() {
        return near.contains(NOBODY);
    }

    private static List<String> unprivileged() {
        List<String> nobody = List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--");
        List<String> tried = new ArrayList<>(nobody);
        tried.addAll(Program.TP.command("64m"));
        tried.add("--version");
        try {
            Process process = new ProcessBuilder(tried)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (process.waitFor() != 127 && process.exitValue() != 126 && process.exitValue() != 1) {
                return nobody;
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        return List.of();
    }

    /**
     * Starts an agent whose machine knows the Service by name, by one name for each of its addresses.
     *
     * @param on its machine, from which the manager is reached
     * @param target what it guards, as ADDRESS:PORT
     */
    public Running startAgent(Namespace on, String workload, String target) {
        return startAgent(on, workload, target, Map.of());
    }

    /** The same with settings, by the names of their environment variables. */
    public Running startAgent(Namespace on, String workload, String target, Map<String, String> settings) {
        Path hosts = telepath.write(
                telepath.directory().resolve("hosts"),
                SERVICE + " shop.default.svc.cluster.local\n" + SERVICE6 + " shop6.default.svc.cluster.local\n");
        List<String> command = new ArrayList<>(on.enter());
        List<String> program = Program.AGENT.command("128m");
        if (!Program.isNative()) {
            program.add(1, "-Djdk.net.hosts.file=" + hosts);
        }
        command.addAll(program);
        command.addAll(List.of("--manager", telepath.managerAddress()));
        command.addAll(List.of("--token-file", telepath.tokenFile("agent-token").toString()));
        command.addAll(List.of("--name", workload, "--namespace", "default"));
        command.addAll(List.of("--port", "0=" + target + ":http"));
        return telepath.start("agent-" + workload, command, settings);
    }

    /** Starts tp as a program that stays. */
    public Running start(String name, String... arguments) {
        List<String> command = new ArrayList<>(near);
        command.addAll(Program.TP.command("128m"));
        command.addAll(Arrays.asList(arguments));
        return telepath.start(name, command, telepath.tpEnvironment("dev"));
    }

    /** Connects, and waits until the workload is listed, so that its agent looks names up. */
    public void connect(String... more) {
        List<String> arguments = new ArrayList<>(List.of("--also-proxy", SERVICES));
        arguments.addAll(Arrays.asList(more));
        telepath.connect(arguments.toArray(String[]::new)).orFail();
        telepath.awaitListed("dev", "web");
    }

    /** Runs a command of the laptop, by no way of tp. */
    public Result laptop(String script) {
        List<String> command = new ArrayList<>(near);
        command.addAll(List.of("bash", "-c", script));
        return telepath.runCommand(command, telepath.tpEnvironment("dev"), Duration.ofMinutes(1));
    }

    /** The laptop asks another name server from now on, as where it comes to another network. */
    public void nameServer(String address) {
        telepath.write(telepath.directory().resolve(RESOLV_CONF), "nameserver " + address + "\n");
    }

    /** Nothing passes the cable from now on. */
    public void cut(Outage how) {
        switch (how) {
            case SILENT -> cluster.run("nft", DROPS);
            case UNPLUGGED -> cluster.run("ip", "link", "set", FAR_CABLE, "down");
        }
    }

    /** It does again. */
    public void mend(Outage how) {
        switch (how) {
            case SILENT -> cluster.run("nft", "delete", "table", "inet", "outage");
            case UNPLUGGED -> cluster.run("ip", "link", "set", FAR_CABLE, "up");
        }
    }

    @Override
    public void close() {
        telepath.close();
        laptop.close();
        cluster.close();
    }
}
