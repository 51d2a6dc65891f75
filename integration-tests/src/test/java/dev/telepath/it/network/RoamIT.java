package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.harness.FarServices;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The laptop goes from one network to another while files are on their way: address, default route, name server. */
@Timeout(180)
class RoamIT {
    /** More than can come while this runs. */
    private static final long LENGTH = 1L << 30;
    /** More than lies in all buffers between a service and curl. */
    private static final long BEYOND_BUFFERS = 10L << 20;

    private static final String WIRELESS = "wlan";
    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void sessionAndDownloadsGoOnAndOtherNamesAreAskedWhereTheLaptopIsNow() {
        Namespace.missing().ifPresent(why -> Assumptions.abort("skipped: " + why));
        try (var world = new NearAndFar(List.of())) {
            world.laptop.run("ip", "route", "add", "default", "via", NearAndFar.NAME_SERVER);
            var laptop = Laptop.of(world);
            world.connect("--network", "tun");
            String session = session(laptop.status());
            var transfers = new Transfers(world, laptop.proxy(), LENGTH, "4M");
            for (Transfers.Way way : Transfers.Way.values()) {
                transfers.download(way);
            }
            var echoes = echoes(world);
            transfers.awaitProgress(BEYOND_BUFFERS, SOON);

            anotherAddress(world);
            transfers.awaitProgress(BEYOND_BUFFERS, SOON);
            assertThat(session(laptop.status())).isEqualTo(session);

            anotherDefaultRoute(world);
            transfers.awaitProgress(BEYOND_BUFFERS, SOON);
            awaitEcho(echoes);
            assertThat(session(laptop.status())).isEqualTo(session);

            noNetworkAtAll(world, laptop);
            transfers.awaitProgress(BEYOND_BUFFERS, SOON);
            assertThat(session(laptop.status())).isEqualTo(session);

            assertOtherNames(world, FarServices.OTHER);
            world.nameServer(NearAndFar.SECOND_NAME_SERVER);
            await().atMost(SOON).untilAsserted(() -> assertOtherNames(world, FarServices.ANOTHER));
            assertThat(laptop.status().path("device").path("dns").asText()).isEqualTo("redirected");
            if (!Program.isNative()) {
                assertThat(laptop.curl("http://shop:8080/").orFail().out()).isEqualTo(Laptop.HELLO);
            }

            transfers.assertWholeSoFar();
            world.telepath.tp("quit", "-s").orFail();
            assertThat(world.laptop.settings()).doesNotContain("tp0").doesNotContain("telepath-dns");
        }
    }

    /** Its heartbeat would not tell for half an hour, and no call of its would fail for ten minutes. */
    @Test
    void anAgentOnAMachineWithAnotherAddressIsAttachedAgainAtOnce() {
        Namespace.missing().ifPresent(why -> Assumptions.abort("skipped: " + why));
        try (var world = new NearAndFar(List.of())) {
            world.laptop.run("ip", "route", "add", "default", "via", NearAndFar.NAME_SERVER);
            Running agent = world.startAgent(
                    world.laptop,
                    "edge",
                    "127.0.0.1:9",
                    Map.of("TELEPATH_AGENT_HEARTBEAT_LIMIT", "30m", "TELEPATH_AGENT_CALL_TIMEOUT", "10m"));
            await().atMost(SOON).until(() -> attachments(agent) == 1);
            anotherAddress(world);
            await().atMost(SOON).until(() -> attachments(agent) == 2);
            assertThat(agent.log()).contains("network changed", "manager away", "cause=silence");
        }
    }

    private static long attachments(Running agent) {
        return agent.log()
                .lines()
                .filter(line -> line.contains("attached manager="))
                .count();
    }

    /** Datagrams from one port of {@code tp run} to an address that is none of the cluster's, so that the daemon itself sends them. */
    private static Running echoes(NearAndFar world) {
        String script = "exec 3<>/dev/udp/" + NearAndFar.NAME_SERVER + "/9999; n=0; while sleep 0.1; do"
                + " n=$((n+1)); echo $n >&3; back=$(timeout 0.5 dd bs=100 count=1 status=none <&3) && echo echo=$back; done";
        return world.start("echoes", "run", "--", "bash", "-c", script);
    }

    /** One comes that was sent after now. */
    private static void awaitEcho(Running echoes) {
        int before = echoes.port("echo");
        await().atMost(SOON).until(() -> echoes.port("echo") > before + 5);
    }

    private static String session(JsonNode status) {
        assertThat(status.path("connection").path("state").asText()).isEqualTo("attached");
        return status.path("connection").path("session_id").asText();
    }

    /** As a lease that is not renewed: the address of every open connection is gone. */
    private static void anotherAddress(NearAndFar world) {
        world.laptop.run("ip", "addr", "del", "198.51.100.1/24", "dev", NearAndFar.CABLE);
        world.laptop.run("ip", "addr", "add", "198.51.100.3/24", "dev", NearAndFar.CABLE);
        world.laptop.run("ip", "route", "replace", "default", "via", NearAndFar.NAME_SERVER);
    }

    /** From the cable to a wireless network, whose gateway leads to the manager too. */
    private static void anotherDefaultRoute(NearAndFar world) {
        world.laptop.join(
                world.cluster,
                new Namespace.CableEnd(WIRELESS, "198.51.101.1/24"),
                new Namespace.CableEnd("air", "198.51.101.254/24"));
        // As whatever manages a laptop's network does when a cable is pulled.
        world.laptop.run("ip", "addr", "flush", "dev", NearAndFar.CABLE);
        world.laptop.run("ip", "link", "set", NearAndFar.CABLE, "down");
        wireless(world);
    }

    /** For longer than the watchdog of the names waits. They are redirected all the time, so that they are there again at once. */
    private static void noNetworkAtAll(NearAndFar world, Laptop laptop) {
        world.laptop.run("ip", "link", "set", WIRELESS, "down");
        await().during(Duration.ofSeconds(6))
                .atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> laptop.status().path("device").path("dns").asText().equals("redirected"));
        world.laptop.run("ip", "link", "set", WIRELESS, "up");
        wireless(world);
    }

    private static void wireless(NearAndFar world) {
        world.laptop.run("ip", "route", "add", "default", "via", "198.51.101.254", "dev", WIRELESS);
    }

    private static void assertOtherNames(NearAndFar world, String answer) {
        String ask = "getent ahostsv4 www.example.com | head -1";
        assertThat(world.laptop(ask).out()).startsWith(answer);
        assertThat(world.telepath.tp("run", "--", "bash", "-c", ask).out()).startsWith(answer);
    }
}
