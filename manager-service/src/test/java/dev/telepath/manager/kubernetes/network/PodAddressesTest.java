package dev.telepath.manager.kubernetes.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.manager.network.Subnet;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PodAddressesTest {
    private final PodAddresses pods = new PodAddresses();

    private boolean put(String pod, String... addresses) {
        return pods.put(
                pod,
                Stream.of(addresses)
                        .map(one -> Subnet.address(one).orElseThrow())
                        .toList());
    }

    private List<String> networks() {
        return pods.networks().stream().map(Subnet::toString).toList();
    }

    @Test
    void blocksOfANodeAreToldOnceForBothFamilies() {
        put("a", "10.244.0.5", "fd00:0:0:1::5");
        put("b", "10.244.0.9", "fd00:0:0:1::9");
        put("c", "10.244.3.1");

        assertThat(networks()).containsExactly("10.244.0.0/24", "10.244.3.0/24", "fd00:0:0:1:0:0:0:0/64");
    }

    @Test
    void aPodThatIsGoneOrHasNoAddressCountsNoMore() {
        assertThat(put("a", "10.244.0.5")).isTrue();
        assertThat(put("a", "10.244.0.5")).isFalse();
        assertThat(put("b", "10.1.0.5")).isTrue();
        assertThat(put("b")).isTrue();
        assertThat(networks()).containsExactly("10.244.0.0/24");

        pods.remove("a");

        assertThat(networks()).isEmpty();
    }

    @Test
    void manyBlocksAreJoinedToWiderOnes() {
        IntStream.range(0, PodAddresses.MOST + 1).forEach(i -> put("pod" + i, "10.244." + i + ".1"));

        assertThat(networks()).hasSizeLessThanOrEqualTo(PodAddresses.MOST).contains("10.244.16.0/20");
    }

    @Test
    void theClustersNameServerIsTheFirstOneThatIsWritten() {
        assertThat(NameServer.first(
                        List.of("# nameserver 1.1.1.1", "search svc", "nameserver 10.96.0.10", "nameserver 9.9.9.9")))
                .map(java.net.InetAddress::getHostAddress)
                .contains("10.96.0.10");
        assertThat(NameServer.first(List.of("nameserver", "nameserver what"))).isEmpty();
    }
}
