package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.harness.FarServices;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code tp connect --proxy-via}, with two workloads on machines of their own: on the loopback of each listens a service that says which
 * it is, so that a dial by the wrong agent shows.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(240)
class ViaIT {
    private static final String WEB = "127.0.0.1/32=web";
    private static final String API = "127.0.0.1/32=api";
    private static final int PORT = 7000;
    private static final Duration SOON = Duration.ofSeconds(30);

    @RegisterExtension
    static final Laptop laptop = new Laptop();

    private static NearAndFar world;
    private static Namespace second;

    @BeforeAll
    static void install() throws IOException {
        world = laptop.world();
        second = Namespace.create();
        second.join(
                world.cluster,
                new Namespace.CableEnd("second", "192.0.2.1/24"),
                new Namespace.CableEnd("first", "192.0.2.2/24"));
        second.run("ip", "route", "add", "default", "via", "192.0.2.2");
        world.startAgent(second, "api", "127.0.0.1:" + PORT);
        // Sends datagrams back on this loopback alone.
        start(second, "echo", FarServices.command(List.of("127.0.0.1"), Map.of("127.0.0.2", FarServices.OTHER)));
        serve(world.cluster, "web");
        serve(second, "api");
    }

    private static void start(Namespace in, String name, List<String> command) {
        List<String> line = new ArrayList<>(in.enter());
        line.addAll(command);
        world.telepath.start(name, line, Map.of());
    }

    private static void serve(Namespace in, String name) throws IOException {
        Path folder = Files.createDirectory(world.telepath.directory().resolve("served-" + name));
        Files.writeString(folder.resolve("who"), name);
        start(
                in,
                "service-" + name,
                List.of(
                        Program.java(),
                        "-Xmx32m",
                        "-m",
                        "jdk.httpserver",
                        "-b",
                        "127.0.0.1",
                        "-p",
                        String.valueOf(PORT),
                        "-d",
                        folder.toString()));
    }

    @AfterAll
    static void end() {
        if (second != null) {
            second.close();
        }
    }

    /** By which address the first destination of the kind is reached here. */
    private static String shown() {
        String network = laptop.status()
                .path("proxy_via")
                .path(0)
                .path("networks")
                .path(0)
                .path("shown")
                .asText();
        assertThat(network).startsWith("247.").endsWith("/32");
        return network.substring(0, network.indexOf('/'));
    }

    private static Result run(String script) {
        return world.telepath.tp("run", "--", "bash", "-c", script);
    }

    private static String who(String address) {
        return "curl -sS -m 10 http://" + address + ":" + PORT + "/who";
    }

    @Test
    @Order(1)
    void whatCannotBeIsToldBeforeAnythingIsChanged() {
        assertThat(world.telepath.connect("--proxy-via", "127.0.0.1/33=web")).satisfies(result -> {
            assertThat(result.exit()).isEqualTo(2);
            assertThat(result.err()).contains("127.0.0.1/33").contains("--proxy-via 10.1.0.0/16=web");
        });
        assertThat(world.telepath.connect("--proxy-via", WEB, "--proxy-via", "10.0.0.0/8=wep"))
                .satisfies(result -> {
                    assertThat(result.exit()).isNotZero();
                    assertThat(result.err()).contains("no workload wep").contains("web");
                });
        assertThat(world.telepath.tp("status").exit()).isEqualTo(3);
    }

    @Test
    @Order(2)
    void theLoopbackOfTheWorkloadIsReachedAndNoOther() {
        world.connect("--proxy-via", WEB);
        assertThat(run(who(shown())).orFail().out()).isEqualTo("web");
        assertThat(world.laptop("curl -sS -m 10 --socks5 " + laptop.proxy() + " http://127.0.0.1:" + PORT + "/who")
                        .orFail()
                        .out())
                .isEqualTo("web");
        world.telepath.tp("quit");
        world.connect("--proxy-via", API);
        String address = shown();
        assertThat(run(who(address) + "; exec 3<>/dev/udp/" + address + "/9999; echo hi >&3; timeout 10 head -c 3 <&3")
                        .orFail()
                        .out())
                .isEqualTo("apihi\n");
    }

    @Test
    @Order(3)
    void itIsSoStillWithANewManagerAndANewDaemon() {
        String address = shown();
        world.telepath.manager().kill();
        world.telepath.startManager();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(run(who(address)).out()).isEqualTo("api"));
        world.telepath.tp("restart").orFail();
        assertThat(shown()).isEqualTo(address);
        assertThat(run(who(address)).orFail().out()).isEqualTo("api");
    }

    @Test
    @Order(4)
    void everyProgramReachesItByTheDeviceAndNamesLeadThere() {
        world.telepath.tp("quit");
        world.connect("--network", "tun", "--proxy-via", "also=web", "--proxy-via", API);
        JsonNode rows = laptop.status().path("proxy_via");
        assertThat(rows.path(0).path("networks").path(0).path("network").asText())
                .isEqualTo(NearAndFar.SERVICES);
        String service = rows.path(0).path("networks").path(0).path("shown").asText();
        String loopback = rows.path(1).path("networks").path(0).path("shown").asText();
        assertThat(world.laptop(who(loopback.substring(0, loopback.indexOf('/'))))
                        .orFail()
                        .out())
                .isEqualTo("api");
        assertThat(laptop.curl("http://" + service.replace(".0/24", ".10") + ":8080/")
                        .orFail()
                        .out())
                .isEqualTo(Laptop.HELLO);
        assertThat(laptop.curl(Laptop.URL).orFail().out()).isEqualTo(Laptop.HELLO);
        if (!Program.isNative()) {
            assertThat(world.laptop("getent ahostsv4 shop.default.svc.cluster.local | head -1")
                            .orFail()
                            .out())
                    .startsWith(service.replace(".0/24", ".10 "));
            assertThat(laptop.curl("http://shop:8080/").orFail().out()).isEqualTo(Laptop.HELLO);
        }
        laptop.quit();
    }
}
