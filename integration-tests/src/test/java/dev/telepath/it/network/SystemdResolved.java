package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.FarServices;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** {@code tp connect --network tun} on a laptop whose programs ask a real systemd-resolved. */
@Timeout(240)
class SystemdResolved {
    private static final String SEEN = "resolvectl dns; resolvectl domain";
    /** Names under .local are asked nowhere but where systemd-resolved is told to. */
    private static final String REDIRECTED = "shop.default.svc";

    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    static Path folder;

    @RegisterExtension
    static final Laptop laptop = new Laptop(SystemdResolved::world);

    private static NearAndFar world;
    private static Running resolved;
    private static String before;

    /** While it is there, resolvectl fails. */
    private static Path broken() {
        return folder.resolve("broken");
    }

    private static NearAndFar world() {
        RunningResolved.require();
        Path bin = RunningResolved.bin(folder.resolve("bin"), broken());
        return new NearAndFar(List.of("env", "PATH=" + bin + ":" + System.getenv("PATH")));
    }

    @BeforeAll
    static void install() {
        world = laptop.world();
        resolved = RunningResolved.start(world);
        laptop.remember();
        before = shell(SEEN);
    }

    @AfterEach
    void quit() throws IOException {
        if (world == null) {
            return;
        }
        world.telepath.tp("quit", "-s");
        Files.deleteIfExists(broken());
        awaitAsBefore();
    }

    private static void awaitAsBefore() {
        laptop.awaitAsBefore();
        await().atMost(SOON).untilAsserted(() -> assertThat(shell(SEEN)).isEqualTo(before));
    }

    private static String shell(String script) {
        return world.laptop(script).orFail().out();
    }

    private static String address(String name) {
        return shell("getent ahostsv4 " + name + " | head -1 | cut -d' ' -f1").strip();
    }

    private static String way() {
        return laptop.status().path("device").path("dns").asText();
    }

    private static void awaitWay(String expected) {
        await().atMost(SOON).until(() -> way().startsWith(expected));
    }

    private static long others() {
        return laptop.status().path("dns").path("other_questions").asLong();
    }

    @Test
    void theClustersNamesAreAskedByTheDeviceAndNoOthers() {
        world.connect("--network", "tun");
        assertThat(way()).isEqualTo("systemd-resolved");
        assertThat(shell("nft list ruleset")).doesNotContain("telepath-dns");
        assertThat(shell("resolvectl default-route tp0")).endsWith(": no\n");
        long othersBefore = others();
        assertThat(address("www.example.com")).isEqualTo(FarServices.OTHER);
        assertThat(shell("resolvectl query -4 www.example.org")).contains(FarServices.OTHER);
        assertThat(others()).isEqualTo(othersBefore);
        Assumptions.assumeFalse(Program.isNative(), "skipped: the test's agent knows names only on the JVM");
        for (String name : List.of("shop.default.svc.cluster.local", "shop.default.svc", "shop.default", "shop")) {
            assertThat(address(name)).as(name).isEqualTo(NearAndFar.SERVICE);
            assertThat(shell("resolvectl query -4 " + name)).as(name).contains(NearAndFar.SERVICE);
            assertThat(shell("curl -sS -m 10 http://" + name + ":8080/")).isEqualTo(Laptop.HELLO);
        }
        assertThat(others()).isEqualTo(othersBefore);
        assertThat(shell("resolvectl dns tp0; resolvectl domain tp0"))
                .contains("246.247.0.2")
                .contains("default.svc.cluster.local", "~cluster.local", "~svc", "~default");
    }

    @Test
    void programsThatAskResolvedByItsOwnModuleFindThemToo() {
        Assumptions.assumeFalse(Program.isNative(), "skipped: the test's agent knows names only on the JVM");
        world.connect("--network", "tun");
        String getent = "LD_LIBRARY_PATH=" + RunningResolved.libraries() + " getent -s hosts:resolve ahostsv4 ";
        assertThat(shell(getent + "shop | head -1")).startsWith(NearAndFar.SERVICE + " ");
        assertThat(shell(getent + "www.example.net | head -1")).startsWith(FarServices.OTHER + " ");
    }

    @Test
    void whatRootRunsHasNoCapabilityAndIsNoProgramOfOurs() throws IOException {
        world.connect("--network", "tun");
        ProcessHandle script = laptop.process("tp-names").orElseThrow();
        assertThat(Files.readString(Path.of("/proc/" + script.pid() + "/status")))
                .contains("CapEff:\t0000000000000000")
                .contains("CapPrm:\t0000000000000000")
                .contains("CapBnd:\t0000000000000000")
                .contains("NoNewPrivs:\t1");
        assertThat(Files.readSymbolicLink(Path.of("/proc/" + script.pid() + "/exe")))
                .isEqualTo(Path.of("/bin/sh").toRealPath());
        ProcessHandle privileged = laptop.process("privileged").orElseThrow();
        assertThat(Files.readString(Path.of("/proc/" + privileged.pid() + "/status")))
                .contains("CapEff:\t0000000000001000");
    }

    @Test
    void nothingStaysWhenTheDaemonIsKilled() {
        world.connect("--network", "tun");
        assertThat(way()).isEqualTo("systemd-resolved");
        ProcessHandle.of(laptop.status().path("daemon").path("pid").asLong())
                .orElseThrow()
                .destroyForcibly();
        awaitAsBefore();
        assertThat(address("www.example.com")).isEqualTo(FarServices.OTHER);
        await().atMost(SOON).until(() -> laptop.process("tp-names").isEmpty());
    }

    @Test
    void nothingStaysWhenThePrivilegedProcessIsKilled() {
        world.connect("--network", "tun");
        laptop.process("privileged").orElseThrow().destroyForcibly();
        awaitAsBefore();
        world.connect("--network", "tun");
        assertThat(way()).isEqualTo("systemd-resolved");
    }

    @Test
    void whatSomebodyElseUndoesIsRedirectedInstead() {
        world.connect("--network", "tun");
        assertThat(way()).isEqualTo("systemd-resolved");
        shell("resolvectl revert tp0");
        awaitWay("redirected, systemd-resolved: questions were not answered any more");
        assertThat(address("www.example.com")).isEqualTo(FarServices.OTHER);
        if (!Program.isNative()) {
            assertThat(address(REDIRECTED)).isEqualTo(NearAndFar.SERVICE);
        }
    }

    @Test
    void whereItCannotBeToldNamesAreRedirectedInstead() throws IOException {
        Files.createFile(broken());
        world.connect("--network", "tun");
        assertThat(way()).startsWith("redirected, systemd-resolved: it did not take the domains");
        Files.delete(broken());
        assertThat(shell("resolvectl dns tp0")).doesNotContain("246.247.0.2");
        if (!Program.isNative()) {
            assertThat(address(REDIRECTED)).isEqualTo(NearAndFar.SERVICE);
        }
    }

    /** Its settings for a device outlive itself. */
    @Test
    void aRestartOfResolvedKeepsTheWay() throws TimeoutException {
        world.connect("--network", "tun");
        resolved.stop();
        resolved = RunningResolved.run(world, "resolved-again");
        assertThat(way()).isEqualTo("systemd-resolved");
        if (!Program.isNative()) {
            await().atMost(SOON).ignoreExceptions().until(() -> address("shop").equals(NearAndFar.SERVICE));
        }
    }
}
