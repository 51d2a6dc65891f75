package dev.telepath.harness;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A network and mount namespace of a test's own: a machine of which nothing outside changes. It is there as long as a process that
 * sleeps in it, for an hour at most. Linux, as root.
 */
public final class Namespace implements AutoCloseable {
    private static final String MOST_SECONDS = "3600";

    private final Process holder;

    private Namespace(Process holder) {
        this.holder = holder;
    }

    /** Why there can be none here; empty where there can. */
    public static Optional<String> missing() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return Optional.of("network namespaces of tests need root");
        }
        if (!Files.exists(Path.of("/dev/net/tun"))) {
            return Optional.of("/dev/net/tun is not there");
        }
        for (String tool : List.of("unshare", "nsenter", "ip", "curl")) {
            if (!Files.isExecutable(Path.of("/usr/bin", tool)) && !Files.isExecutable(Path.of("/usr/sbin", tool))) {
                return Optional.of(tool + " is not installed");
            }
        }
        return Optional.empty();
    }

    /** Makes one, with its loopback up. */
    public static Namespace create() {
        try {
            var made = new Namespace(
                    new ProcessBuilder("unshare", "--net", "--mount", "--propagation", "private", "sleep", MOST_SECONDS)
                            .start());
            made.awaitEntered();
            made.run("ip", "link", "set", "lo", "up");
            return made;
        } catch (IOException e) {
            throw new IllegalStateException("no namespace can be made: " + e.getMessage(), e);
        }
    }

    /** The process is in it once it runs sleep. */
    private void awaitEntered() throws IOException {
        Path command = Path.of("/proc/" + holder.pid() + "/comm");
        for (int i = 0; i < 500; i++) {
            if (!holder.isAlive()) {
                throw new IOException(
                        new String(holder.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip());
            }
            if (Files.readString(command).strip().equals("sleep")) {
                return;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
        throw new IOException("it did not begin");
    }

    /** What a command line begins with to run in it. */
    public List<String> enter() {
        String proc = "/proc/" + holder.pid() + "/ns/";
        return List.of("nsenter", "--net=" + proc + "net", "--mount=" + proc + "mnt", "--");
    }

    /**
     * Runs a command in it.
     *
     * @return what it printed
     * @throws IllegalStateException when it ends with another code than 0
     */
    public String run(String... command) {
        List<String> line = new ArrayList<>(enter());
        line.addAll(List.of(command));
        return execute(line);
    }

    private static String execute(List<String> line) {
        try {
            Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IllegalStateException(String.join(" ", line) + ": " + said);
            }
            return said;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** One end of a cable: the name of the link, and its address with the prefix. */
    public record CableEnd(String link, String address) {}

    /** Lays a cable to another. */
    public void join(Namespace other, CableEnd mine, CableEnd theirs) {
        String there = "" + other.holder.pid();
        run("ip", "link", "add", mine.link(), "type", "veth", "peer", "name", theirs.link(), "netns", there);
        plug(mine);
        other.plug(theirs);
    }

    /** Puts it into a network of the machine itself, as one more host beside it. */
    public void plugInto(String link, CableEnd mine) {
        String pid = "" + holder.pid();
        List<String> line = List.of("ip", "link", "add", mine.link(), "link", link, "netns", pid, "type", "macvlan");
        execute(line);
        plug(mine);
    }

    private void plug(CableEnd end) {
        run("ip", "addr", "add", end.address(), "dev", end.link());
        // Else the link's own address is tentative for a second, and settings that are compared differ by that.
        run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/" + end.link() + "/accept_dad || true");
        run("ip", "link", "set", end.link(), "up");
    }

    /** A file of /proc/net as the namespace has it. */
    public String procNet(String file) {
        try {
            return Files.readString(Path.of("/proc/" + holder.pid() + "/net", file));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Shows a file with this text in place of another, in this namespace alone. */
    public void replace(String path, Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        run("mount", "--bind", file.toString(), path);
    }

    /** All that there is of addresses, routes, rules of both families and of nf_tables, and the resolver's file. */
    public String settings() {
        return run(
                "sh",
                "-c",
                "ip -o link | sed 's/^[0-9]*: //'; ip -o addr | sed 's/^[0-9]*: //; s/ valid_lft.*//'; ip route show table all;"
                        + " ip -6 route show table all; ip rule; ip -6 rule; cat /etc/resolv.conf;"
                        + " nft list ruleset 2>/dev/null || true");
    }

    @Override
    public void close() {
        holder.destroy();
    }
}
