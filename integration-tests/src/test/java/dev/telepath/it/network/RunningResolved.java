package dev.telepath.it.network;

import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The systemd-resolved of a laptop that is a namespace, with a message bus, /run and /etc of its own: as {@code integration-tests/network/run}
 * unpacks it, so that nothing of it is installed here.
 */
final class RunningResolved {
    private static final Path UNPACKED = Program.root().resolve("integration-tests/target/systemd-resolved");
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String BUS = """
            <busconfig>
              <type>system</type>
              <listen>unix:path=/run/dbus/system_bus_socket</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/>
                <allow own="*"/>
                <allow send_destination="*"/>
                <allow receive_type="method_call"/>
                <allow receive_type="method_return"/>
                <allow receive_type="error"/>
                <allow receive_type="signal"/>
              </policy>
            </busconfig>
            """;
    /** Files of /etc as a desktop has them, in a copy: resolv.conf is a link, which a mount could not be. */
    private static final String MACHINE = """
            mount -t tmpfs tmpfs /run
            mkdir -p /run/dbus /run/systemd/resolved.conf.d /run/etc
            printf '[Resolve]\\nDNS=%s\\nFallbackDNS=\\nLLMNR=no\\nMulticastDNS=no\\nDNSSEC=no\\n' >/run/systemd/resolved.conf.d/laptop.conf
            cp -a /etc/. /run/etc
            getent passwd systemd-resolve >/dev/null \\
              || echo 'systemd-resolve:x:986:986::/:/usr/sbin/nologin' >>/run/etc/passwd
            getent group systemd-resolve >/dev/null || echo 'systemd-resolve:x:986:' >>/run/etc/group
            printf 'passwd: files\\ngroup: files\\nhosts: files dns\\n' >/run/etc/nsswitch.conf
            rm -f /run/etc/resolv.conf
            ln -s /run/systemd/resolve/stub-resolv.conf /run/etc/resolv.conf
            mount --bind /run/etc /etc
            """;

    private RunningResolved() {}

    /** Skips the suite, and says why, where it is not there. */
    static void require() {
        Tools.require("dbus-daemon");
        if (file("systemd-resolved").isEmpty() || file("resolvectl").isEmpty()) {
            Assumptions.abort("skipped: systemd-resolved is not unpacked in " + UNPACKED);
        }
    }

    private static Optional<Path> file(String name) {
        try (Stream<Path> all = Files.walk(UNPACKED)) {
            return all.filter(each -> each.endsWith(name) && Files.isRegularFile(each) && Files.isExecutable(each))
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Where the programs of it find their libraries. */
    static String libraries() {
        try (Stream<Path> all = Files.walk(UNPACKED)) {
            return String.join(
                    ":",
                    all.filter(each -> each.toString().contains(".so") && Files.isRegularFile(each))
                            .map(each -> String.valueOf(each.getParent()))
                            .distinct()
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The folder where programs of the laptop find {@code resolvectl}.
     *
     * @param broken where a file makes it fail
     */
    static Path bin(Path folder, Path broken) {
        try {
            Path bin = Files.createDirectories(folder);
            Path resolvectl = bin.resolve("resolvectl");
            Files.writeString(
                    resolvectl,
                    "#!/bin/sh\n[ ! -e " + broken + " ] || exit 1\nLD_LIBRARY_PATH=" + libraries() + " exec "
                            + file("resolvectl").orElseThrow() + " \"$@\"\n");
            resolvectl.toFile().setExecutable(true, false);
            return bin;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes it the laptop's resolver. */
    static Running start(NearAndFar world) {
        Namespace laptop = world.laptop;
        laptop.run("sh", "-e", "-c", MACHINE.replace("%s", NearAndFar.NAME_SERVER));
        Path config = world.telepath.write(world.telepath.directory().resolve("bus.conf"), BUS);
        List<String> bus = new ArrayList<>(laptop.enter());
        bus.addAll(List.of("dbus-daemon", "--config-file=" + config, "--nofork", "--nopidfile"));
        world.telepath.start("bus", bus, Map.of());
        await().atMost(SOON)
                .ignoreExceptions()
                .until(() -> laptop.run("ls", "/run/dbus").contains("system_bus_socket"));
        return run(world, "resolved");
    }

    /** Runs it, which the laptop's resolver is already. */
    static Running run(NearAndFar world, String name) {
        List<String> command = new ArrayList<>(world.laptop.enter());
        command.add(file("systemd-resolved").orElseThrow().toString());
        Running resolved = world.telepath.start(name, command, Map.of("LD_LIBRARY_PATH", libraries()));
        await().atMost(SOON)
                .ignoreExceptions()
                .until(() -> world.laptop("resolvectl dns").orFail().out().contains(NearAndFar.NAME_SERVER));
        return resolved;
    }
}
