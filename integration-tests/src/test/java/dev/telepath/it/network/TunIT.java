package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.harness.FarServices;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code tp connect --network tun} on a laptop that is a network namespace: what programs reach, what is changed, and that nothing of
 * it stays, however it ends.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(240)
class TunIT {
    @RegisterExtension
    static final Laptop laptop = new Laptop();

    private static NearAndFar world;
    private static String before;

    @BeforeAll
    static void install() {
        world = laptop.world();
        before = world.laptop.settings();
    }

    @AfterEach
    void quit() {
        laptop.quit();
    }

    private static String curl(String url) {
        return laptop.curl(url).orFail().out();
    }

    private static ProcessHandle privileged() {
        return laptop.process("privileged").orElseThrow();
    }

    @Test
    @Order(1)
    void everyProgramReachesTheClusterAndNothingOfItStaysAfterQuit() {
        world.connect("--network", "tun");
        assertThat(curl(Laptop.URL)).isEqualTo(Laptop.HELLO);
        JsonNode device = laptop.status().path("device");
        assertThat(device.path("routes").toString()).contains(NearAndFar.SERVICES);
        assertThat(device.path("dns").asText()).isEqualTo("redirected");
        if (!Program.isNative()) {
            assertThat(curl("http://shop.default.svc.cluster.local:8080/")).isEqualTo(Laptop.HELLO);
            assertThat(curl("http://shop:8080/")).isEqualTo(Laptop.HELLO);
        }
        assertThat(world.laptop("getent ahostsv4 www.example.com | head -1")
                        .orFail()
                        .out())
                .startsWith(FarServices.OTHER);
        assertThat(world.laptop("curl -sS -m 10 http://" + NearAndFar.SERVICE + ":1/")
                        .exit())
                .isEqualTo(7);
        assertThat(world.laptop.settings()).isNotEqualTo(before);
    }

    @Test
    @Order(2)
    void theDaemonAndThePrivilegedProcessHaveOnlyTheRightsThatTheyNeed() throws IOException {
        world.connect("--network", "tun");
        assertThat(Files.readString(Path.of("/proc/" + privileged().pid() + "/status")))
                .contains("CapEff:\t0000000000001000")
                .contains("CapBnd:\t0000000000001000")
                .contains("NoNewPrivs:\t1");
    }

    @Test
    @Order(3)
    void nothingStaysWhenTheDaemonIsKilled() {
        world.connect("--network", "tun");
        assertThat(curl(Laptop.URL)).isEqualTo(Laptop.HELLO);
        ProcessHandle.of(laptop.status().path("daemon").path("pid").asLong())
                .orElseThrow()
                .destroyForcibly();
        laptop.awaitAsBefore();
        assertThat(world.laptop("getent ahostsv4 www.example.com | head -1")
                        .orFail()
                        .out())
                .startsWith(FarServices.OTHER);
    }

    @Test
    @Order(4)
    void nothingStaysWhenThePrivilegedProcessIsKilledAndTheSessionGoesOn() {
        world.connect("--network", "tun");
        privileged().destroyForcibly();
        laptop.awaitAsBefore();
        JsonNode now = laptop.status();
        assertThat(now.path("connection").path("state").asText()).isEqualTo("attached");
        assertThat(now.has("device")).isFalse();
        world.connect("--network", "tun");
        assertThat(curl(Laptop.URL)).isEqualTo(Laptop.HELLO);
    }

    @Test
    @Order(5)
    void aNetworkThatTheLaptopHasItselfIsShownAsAnother() {
        world.laptop.run("ip", "addr", "add", "10.99.0.77/24", "dev", "cable");
        try {
            world.connect("--network", "tun");
            String shown = laptop.status()
                    .path("device")
                    .path("mapped")
                    .path(NearAndFar.SERVICES)
                    .asText();
            assertThat(shown).isEqualTo("247.0.0.0/24");
            assertThat(curl("http://247.0.0.10:8080/")).isEqualTo(Laptop.HELLO);
            if (!Program.isNative()) {
                assertThat(curl("http://shop.default.svc.cluster.local:8080/")).isEqualTo(Laptop.HELLO);
                assertThat(world.laptop("getent ahostsv4 shop.default.svc.cluster.local | head -1")
                                .orFail()
                                .out())
                        .startsWith("247.0.0.10 ");
            }
        } finally {
            world.laptop.run("ip", "addr", "del", "10.99.0.77/24", "dev", "cable");
        }
    }

    @Test
    @Order(6)
    void aNetworkThatIsToStayIsLeftOut() {
        world.connect("--network", "tun", "--never-proxy", "10.99.0.128/25");
        assertThat(world.laptop.run("ip", "route"))
                .contains("10.99.0.0/25 dev tp")
                .doesNotContain("10.99.0.128/25");
        assertThat(curl(Laptop.URL)).isEqualTo(Laptop.HELLO);
    }

    @Test
    @Order(7)
    void aDownloadIsWholeThoughTheManagerIsKilledInItsMiddle() throws Exception {
        world.connect("--network", "tun");
        long length = 32L << 20;
        Path done = world.telepath.directory().resolve("got");
        var command = new java.util.ArrayList<>(world.laptop.enter());
        command.addAll(List.of(
                "bash",
                "-c",
                "curl -sS -m 120 -o " + done + " http://" + NearAndFar.SERVICE + ":8080/slow/" + length
                        + "; echo ended=$?; sha256sum < " + done + " | sed 's/ .*//; s/^/sum=/'"));
        var download = world.telepath.start("download", command, java.util.Map.of());
        await().atMost(Duration.ofSeconds(60)).until(() -> Files.exists(done) && Files.size(done) > length / 8);
        world.telepath.manager().kill();
        world.telepath.startManager();
        assertThat(Files.size(done)).isLessThan(length);
        assertThat(download.announced("ended")).isEqualTo("0");
        assertThat(download.announced("sum")).isEqualTo(FarServices.sha256(length));
    }

    @Test
    @Order(8)
    void aNetworkOfIpv6ThatTheLaptopHasItselfIsShownAsAnother() {
        world.laptop.run("ip", "addr", "add", "fd99::77/64", "dev", "cable", "nodad");
        try {
            world.connect("--network", "tun", "--also-proxy", NearAndFar.SERVICES6);
            assertThat(laptop.status().path("device").path("mapped").toString())
                    .contains("\"fd99:0:0:0:0:0:0:0/64\":\"fd76:7470:0:0:0:0:0:0/64\"");
            assertThat(curl("http://[fd76:7470::10]:8080/")).isEqualTo("hello from fd99:0:0:0:0:0:0:10\n");
            assertThat(curl(Laptop.URL)).isEqualTo(Laptop.HELLO);
            if (!Program.isNative()) {
                assertThat(world.laptop("getent ahostsv6 shop6.default.svc.cluster.local | head -1")
                                .orFail()
                                .out())
                        .startsWith("fd76:7470::10 ");
            }
        } finally {
            world.laptop.run("ip", "addr", "del", "fd99::77/64", "dev", "cable");
        }
    }

    @Test
    @Order(9)
    void theNextDaemonHasTheDeviceAgainAfterARestart() {
        world.connect("--network", "tun", "--never-proxy", "10.99.0.128/25");
        long first = laptop.status().path("daemon").path("pid").asLong();
        world.telepath.tp("restart").orFail();
        JsonNode now = laptop.status();
        assertThat(now.path("daemon").path("pid").asLong()).isNotEqualTo(first);
        assertThat(now.path("device").path("routes").toString())
                .contains("10.99.0.0/25")
                .doesNotContain("10.99.0.128/25");
        assertThat(curl(Laptop.URL)).isEqualTo(Laptop.HELLO);
    }

    @Test
    @Order(10)
    void aRestartWithoutADeviceBringsNone() {
        world.connect();
        world.telepath.tp("restart").orFail();
        assertThat(laptop.status().has("device")).isFalse();
        assertThat(laptop.process("privileged")).isEmpty();
    }
}
