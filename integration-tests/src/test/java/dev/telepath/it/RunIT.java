package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.FarServices;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** {@code tp run}, by a user without any privileges, on a laptop that has no way to the cluster's network but tp. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(240)
class RunIT {
    private static NearAndFar world;

    @BeforeAll
    static void install() {
        Namespace.missing().ifPresent(why -> Assumptions.abort("skipped: " + why));
        world = NearAndFar.ofUser();
    }

    @AfterAll
    static void end() {
        if (world != null) {
            world.close();
        }
    }

    private static Result run(String script) {
        return world.telepath.tp("run", "--", "bash", "-c", script);
    }

    @Test
    @Order(1)
    void withoutAConnectionItSaysSo() {
        assertThat(run("true")).satisfies(result -> {
            assertThat(result.exit()).isEqualTo(3);
            assertThat(result.err()).contains("not connected").contains("tp connect");
        });
    }

    @Test
    @Order(2)
    void aServiceIsReachedByAddressAndNameAndByNobodyElse() {
        world.connect();
        assertThat(world.laptop("curl -sS -m 2 http://" + NearAndFar.SERVICE + ":8080/")
                        .exit())
                .isNotZero();

        String hello = "hello from " + NearAndFar.SERVICE + "\n";
        assertThat(run("curl -sS -m 10 http://" + NearAndFar.SERVICE + ":8080/")
                        .orFail()
                        .out())
                .isEqualTo(hello);
        if (!Program.isNative()) {
            assertThat(
                            run("curl -sS -m 10 http://shop.default.svc.cluster.local:8080/; curl -sS -m 10 http://shop:8080/")
                                    .orFail()
                                    .out())
                    .isEqualTo(hello + hello);
        }
        // Where there is no Kubernetes a workload's name is its agent's address, on a loopback that is not this one.
        assertThat(run("curl -sS -m 10 http://web:" + world.agentPort + "/")
                        .orFail()
                        .out())
                .isEqualTo(hello);
    }

    @Test
    @Order(3)
    void otherNamesGoToThisMachinesNameServer() {
        assertThat(run("getent ahostsv4 www.example.com | head -1").orFail().out())
                .startsWith(FarServices.OTHER);
    }

    @Test
    @Order(4)
    void nothingOfTheMachineChangesWhileItRuns() {
        String before = world.laptop.settings();
        var waiting = world.start("waiting", "run", "--", "sh", "-c", "echo up=yes; sleep 60");
        assertThat(waiting.announced("up")).isEqualTo("yes");
        assertThat(world.laptop.settings()).isEqualTo(before);
        waiting.kill();
        Result result = run("cat /etc/resolv.conf; id -u; grep CapEff /proc/self/status");
        assertThat(world.laptop.settings()).isEqualTo(before);
        assertThat(result.orFail().out())
                .contains("search default.svc.cluster.local svc.cluster.local cluster.local")
                .contains("\n" + (world.isOfUser() ? NearAndFar.NOBODY : "0") + "\n");
        if (world.isOfUser()) {
            assertThat(result.out()).contains("CapEff:\t0000000000000000");
        }
    }

    @Test
    @Order(5)
    void whatRefusesIsRefusedAndTheExitCodeIsTheCommands() {
        long began = System.nanoTime();
        Result refused = run("curl -sS -m 10 http://" + NearAndFar.SERVICE + ":1/");
        assertThat(refused.exit()).as(refused.err()).isEqualTo(7);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(30));
        assertThat(run("exit 42").exit()).isEqualTo(42);
        assertThat(run("exit 43 # whatever the length of the command line: " + "x".repeat(10_000))
                        .exit())
                .isEqualTo(43);
    }

    @Test
    @Order(6)
    void datagramsOfAnySizeComeBack() {
        String script = "exec 3<>/dev/udp/" + NearAndFar.SERVICE + "/9999; echo hi >&3; timeout 10 head -c 3 <&3;"
                + " head -c 60000 /dev/zero | tr '\\0' x > /tmp/tp-it-$$; dd if=/tmp/tp-it-$$ bs=60000 count=1 status=none >&3;"
                + " timeout 10 dd bs=65536 count=1 status=none <&3 | wc -c; rm /tmp/tp-it-$$";
        assertThat(run(script).orFail().out()).isEqualTo("hi\n60000\n");
    }

    @Test
    @Order(7)
    void aPublishedPortIsFoundOnTheMachinesLoopback() throws Exception {
        Path served = Files.createDirectory(world.telepath.directory().resolve("served"));
        Files.writeString(served.resolve("file"), "from within");
        var server = world.start(
                "published",
                "run",
                "--publish",
                "18080:80",
                "--",
                Program.java(),
                "-m",
                "jdk.httpserver",
                "-b",
                "127.0.0.1",
                "-p",
                "80",
                "-d",
                served.toString());
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(world.laptop("curl -sS -m 5 http://127.0.0.1:18080/file")
                                .out())
                        .isEqualTo("from within"));
        server.stop();
    }

    @Test
    @Order(8)
    void aDownloadIsWholeThoughTheManagerIsKilledInItsMiddle() throws Exception {
        long length = 32L << 20;
        Path done = world.telepath.home("dev").resolve("got");
        String script = "curl -sS -m 120 -o " + done + " http://" + NearAndFar.SERVICE + ":8080/slow/" + length
                + "; echo ended=$?; sha256sum < " + done + " | sed 's/ .*//; s/^/sum=/'";
        var download = world.start("download", "run", "--", "bash", "-c", script);
        await().atMost(Duration.ofSeconds(60)).until(() -> Files.exists(done) && Files.size(done) > length / 8);
        world.telepath.manager().kill();
        world.telepath.startManager();
        assertThat(Files.size(done)).isLessThan(length);
        assertThat(download.announced("ended")).isEqualTo("0");
        assertThat(download.announced("sum")).isEqualTo(FarServices.sha256(length));
    }

    /** An executable made by GraalVM would take these for its own, wherever they stand. */
    @Test
    @Order(9)
    void optionsOfAJvmAreTheCommands() {
        List<String> options = List.of("-Dname=value", "-Xmx1m", "-XX:+NoSuchOption", "-XX:MaxHeapSize=1");
        List<String> line = new ArrayList<>(List.of("run", "--", "printf", "%s\\n"));
        line.addAll(options);
        assertThat(world.telepath.tp(line.toArray(String[]::new)).orFail().out().lines())
                .containsExactlyElementsOf(options);
    }

    @Test
    @Order(10)
    void badInputIsToldBeforeAnythingIsMade() {
        assertThat(world.telepath.tp("run").exit()).isEqualTo(2);
        assertThat(world.telepath.tp("run", "--publish", "0:99999", "--", "true"))
                .satisfies(result -> {
                    assertThat(result.exit()).isEqualTo(2);
                    assertThat(result.err()).contains("--publish 8080");
                });
        assertThat(world.telepath.tp("run", "--mount", "true", "--", "true").err())
                .contains("--workload NAME");
        assertThat(run("no-such-program-of-ours").exit()).isEqualTo(127);
        assertThat(world.telepath.tp("run", "--", "no-such-program-of-ours").err())
                .contains("no-such-program-of-ours");
    }
}
