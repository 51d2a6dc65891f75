package dev.telepath.it.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.NearTraffic;
import dev.telepath.harness.Running;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every packet of a mixed load, on the device and on the cable, as tshark sees it. */
@Timeout(300)
class Capture {
    private static final String DEVICE = "tp0";
    /** What an implementation that is not ours says of checksums, and of the rest. */
    private static final String WRONG = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0"
            + " || udp.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0";
    /** What is in a datagram of the test is random, and of no protocol that the port is known for. */
    private static final List<String> PLAIN = List.of("-d", "udp.port==9999,data", "-d", "tcp.port==8080,data");

    @ParameterizedTest
    @ValueSource(ints = {65_000, 1400})
    void noPacketIsMalformedAndNoChecksumIsWrong(int mtu) throws Exception {
        Namespace.missing().ifPresent(why -> Assumptions.abort("skipped: " + why));
        try (var world = new NearAndFar(List.of())) {
            Tools.require("tshark", "ethtool");
            Path config = world.telepath.home("dev").resolve("config/telepath");
            Files.createDirectories(config);
            Files.writeString(config.resolve("config.yml"), "network:\n  mtu: " + mtu + "\n");
            withoutOffloading(world);
            world.connect("--also-proxy", NearAndFar.SERVICES6, "--network", "tun");
            Running device = start(world, DEVICE);
            Running cable = start(world, NearAndFar.CABLE);

            load(world);

            device.stop();
            cable.stop();
            assertThat(look(world, DEVICE, WRONG)).isEmpty();
            assertThat(look(world, NearAndFar.CABLE, WRONG)).isEmpty();
            // That there was something to be wrong.
            for (String there : List.of(
                    "ip && tcp.len > 1000",
                    "ipv6 && tcp.len > 1000",
                    "ip && udp.srcport == 9999",
                    "ipv6 && udp.srcport == 9999",
                    "icmp.type == 0",
                    "icmpv6.type == 129",
                    "icmp.type == 3 && icmp.code == 3",
                    "icmpv6.type == 1 && icmpv6.code == 4",
                    "ip && tcp.flags.reset == 1 && tcp.srcport == 1",
                    "ipv6 && tcp.flags.reset == 1 && tcp.srcport == 1")) {
                assertThat(look(world, DEVICE, there)).as(there).isNotEmpty();
            }
            if (mtu == 1400) {
                assertThat(look(world, DEVICE, "ip.flags.mf == 1 && ip.src == " + NearAndFar.SERVICE))
                        .isNotEmpty();
                assertThat(look(world, DEVICE, "ipv6.fraghdr.more == 1 && ipv6.src == " + NearAndFar.SERVICE6))
                        .isNotEmpty();
            }
            assertThat(look(world, NearAndFar.CABLE, "tcp.len > 1000")).isNotEmpty();
        }
    }

    /**
     * The kernel leaves checksums, and the cutting of segments, to the card of a link that says it can do it, so that what is seen
     * there is not what goes out. The device of tp says no such thing.
     */
    private static void withoutOffloading(NearAndFar world) {
        for (String feature : List.of("tx", "rx", "tso", "gso", "gro")) {
            world.laptop.run("ethtool", "-K", NearAndFar.CABLE, feature, "off");
            world.cluster.run("ethtool", "-K", "far", feature, "off");
        }
    }

    private static Path file(NearAndFar world, String link) {
        return world.telepath.directory().resolve(link + ".pcapng");
    }

    private static Running start(NearAndFar world, String link) {
        List<String> line = new ArrayList<>(world.laptop.enter());
        line.addAll(List.of("tshark", "-i", link, "-w", file(world, link).toString()));
        Running capture = world.telepath.start("tshark-" + link, line, Map.of());
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(capture.log()).contains("Capture started"));
        return capture;
    }

    private static void load(NearAndFar world) {
        List<String> line = new ArrayList<>(world.laptop.enter());
        line.addAll(NearTraffic.command(NearAndFar.SERVICE, NearAndFar.SERVICE6));
        Running traffic = world.telepath.start("traffic", line, Map.of());
        for (String address : List.of(NearAndFar.SERVICE, NearAndFar.SERVICE6)) {
            for (int size : new int[] {0, 1, 56, 1373, 9000, 40_000}) {
                world.laptop("ping -c 2 -i 0.2 -W 5 -s " + size + " " + address).orFail();
            }
        }
        assertThat(traffic.announced("whole")).isEqualTo("yes");
    }

    /** The packets that a filter takes, one a line. */
    private static String look(NearAndFar world, String link, String filter) {
        List<String> line =
                new ArrayList<>(List.of("tshark", "-n", "-r", file(world, link).toString()));
        line.addAll(PLAIN);
        for (String each : List.of("ip", "tcp", "udp")) {
            line.addAll(List.of("-o", each + ".check_checksum:TRUE"));
        }
        line.addAll(List.of("-Y", filter));
        return world.telepath
                .runCommand(line, Map.of(), Duration.ofMinutes(2))
                .orFail()
                .out();
    }
}
