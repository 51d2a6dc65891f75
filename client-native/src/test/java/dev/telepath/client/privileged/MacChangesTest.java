package dev.telepath.client.privileged;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.macos.ResolverFiles;
import dev.telepath.client.network.InterfaceAddress;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.platform.SystemTool.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which programs are run in which order; none of them is. */
@NullUnmarked
class MacChangesTest {
    private static final Order.Utun UTUN = new Order.Utun(
            16_384,
            new InterfaceAddress(InetAddress.ofLiteral("246.247.0.1"), 16),
            new InterfaceAddress(InetAddress.ofLiteral("fd74::1"), 64));

    @TempDir
    Path folder;

    private final List<String> done = new ArrayList<>();
    private final Map<String, String> refusals = new HashMap<>();
    private MacChanges changes;

    private final class Recorded implements MacChanges.Device {
        @Override
        public String make() {
            done.add("make");
            return "utun5";
        }

        @Override
        public void handOver() {
            done.add("hand over");
        }

        @Override
        public void close() {
            done.add("close");
        }
    }

    @BeforeEach
    void begin() throws IOException {
        changes = new MacChanges(new Recorded(), this::run, new ResolverFiles(folder.resolve("resolver")));
    }

    @AfterEach
    void end() throws IOException {
        changes.close();
    }

    private Outcome run(List<String> line) {
        String text = String.join(" ", line);
        done.add(text);
        String refusal = refusals.get(text);
        if (refusal != null) {
            return new Outcome(0, "add net: gateway utun5: " + refusal);
        }
        return new Outcome(0, line.getFirst().endsWith("route") ? line.get(2) + " net x: gateway utun5\n" : "");
    }

    private static IpNetwork network(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static Order.Routes routes(String... networks) {
        return new Order.Routes(Stream.of(networks).map(MacChangesTest::network).toList());
    }

    private static String route(String what, String network) {
        return "/sbin/route -n " + what + " -inet -net " + network + " -interface utun5";
    }

    @Test
    void theDeviceIsHandedOverOnceItIsUp() throws IOException {
        assertThat(changes.apply(UTUN)).isEmpty();
        assertThat(done)
                .containsExactly(
                        "make",
                        "/sbin/ifconfig utun5 inet 246.247.0.1 246.247.0.1 netmask 255.255.255.255 mtu 16384 up",
                        route("add", "246.247.0.0/16"),
                        "/sbin/ifconfig utun5 inet6 fd74:0:0:0:0:0:0:1 prefixlen 64 alias",
                        "hand over");
        assertThatThrownBy(() -> changes.apply(UTUN)).hasMessageContaining("already");
    }

    @Test
    void aDeviceThatCannotBeSetUpIsGivenBack() {
        refusals.put(route("add", "246.247.0.0/16"), "File exists");
        assertThatThrownBy(() -> changes.apply(UTUN))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("File exists");
        assertThat(done).endsWith("close").doesNotContain("hand over");
        assertThatThrownBy(() -> changes.apply(routes("10.0.0.0/8"))).hasMessageContaining("no device");
    }

    @Test
    void onlyWhatIsNewOrOldIsRouted() throws IOException {
        changes.apply(UTUN);
        assertThat(changes.apply(routes("10.96.0.0/12", "10.244.0.0/16"))).isEmpty();
        done.clear();
        assertThat(changes.apply(routes("10.244.0.0/16", "10.0.0.0/24"))).isEmpty();
        assertThat(done).containsExactly(route("delete", "10.96.0.0/12"), route("add", "10.0.0.0/24"));
    }

    @Test
    void aNetworkThatIsTakenIsToldAndTriedAgain() throws IOException {
        changes.apply(UTUN);
        refusals.put(route("add", "10.96.0.0/12"), "File exists");
        assertThat(changes.apply(routes("10.96.0.0/12", "10.1.0.0/16")))
                .singleElement()
                .asString()
                .startsWith("10.96.0.0/12: ")
                .contains("File exists");
        refusals.clear();
        done.clear();
        assertThat(changes.apply(routes("10.96.0.0/12", "10.1.0.0/16"))).isEmpty();
        assertThat(done).containsExactly(route("add", "10.96.0.0/12"));
    }

    @Test
    void aRouteThatSomebodyTookAwayIsGoneAndOneThatStaysIsTold() throws IOException {
        changes.apply(UTUN);
        changes.apply(routes("10.96.0.0/12", "10.1.0.0/16"));
        refusals.put(route("delete", "10.96.0.0/12"), "not in table");
        refusals.put(route("delete", "10.1.0.0/16"), "Operation not permitted");
        assertThat(changes.apply(routes())).singleElement().asString().startsWith("10.1.0.0/16, not led away");
        refusals.clear();
        done.clear();
        changes.apply(routes());
        assertThat(done).containsExactly(route("delete", "10.1.0.0/16"));
    }

    @Test
    void namesGoWithTheProcess() throws IOException {
        changes.apply(new Order.Resolvers(List.of("cluster.local"), List.of(), 5353));
        Path file = folder.resolve("resolver").resolve("telepath-cluster.local");
        assertThat(file).content().contains("port 5353\n");
        changes.close();
        assertThat(file).doesNotExist();
        assertThat(done).containsExactly("close");
    }

    @Test
    void ordersOfAnotherSystemAreRefused() {
        assertThatThrownBy(() -> changes.apply(new Order.Redirect(List.of(), 53, 64)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("macOS");
    }
}
