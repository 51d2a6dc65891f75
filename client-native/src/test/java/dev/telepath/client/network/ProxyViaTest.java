package dev.telepath.client.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.network.ProxyVia.Which;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyViaTest {
    private static final ClusterNetwork CLUSTER = new ClusterNetwork(
            List.of("10.96.0.0/12", "fd00:96::/112"), List.of("10.244.0.0/16"), "cluster.local.", Optional.empty());

    private static IpNetwork network(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static ViaRoutes routes(ClusterNetwork cluster, String... words) {
        return new ViaRoutes(ProxyVia.parse(List.of(words)), List.of(network("172.30.0.0/16")), () -> cluster);
    }

    private static String workload(ViaRoutes routes, String address) {
        return routes.workload(InetAddress.ofLiteral(address)).orElse("");
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3/16=web,10.1.0.0/16,web",
        "127.0.0.1=web,127.0.0.1/32,web",
        "::1/128=web-2.old,0:0:0:0:0:0:0:1/128,web-2.old"
    })
    void aNetworkAndItsWorkloadAreRead(String word, String network, String workload) {
        assertThat(ProxyVia.parse(List.of(word)))
                .containsExactly(new ProxyVia(new Which.Addresses(network(network)), workload));
    }

    @ParameterizedTest
    @CsvSource({"also,ALSO", "service,SERVICE", "pods,PODS", "all,ALL"})
    void aNameStandsForNetworks(String name, Which.Named which) {
        assertThat(ProxyVia.parse(List.of(name + "=web"))).containsExactly(new ProxyVia(which, "web"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "=",
                "web",
                "10.0.0.0/8",
                "10.0.0.0/8=",
                "10.0.0.0/33=web",
                "services=web",
                "example.com=web",
                "10.0.0.0/8=Web",
                "10.0.0.0/8=web=api",
                "10.0.0.0/8=-web",
                "224.0.0.0/4=web",
                "ff02::/16=web"
            })
    void whatIsNoneIsRefusedWithTheForm(String word) {
        assertThatThrownBy(() -> ProxyVia.parse(List.of(word)))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.hint()).contains("--proxy-via 10.1.0.0/16=web"));
    }

    @Test
    void destinationsBelongToOneWorkload() {
        assertThatThrownBy(() -> ProxyVia.parse(List.of("10.1.0.0/16=web", "10.1.2.0/16=api")))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("10.1.0.0/16 to two workloads, web and api");
        assertThatThrownBy(() -> ProxyVia.parse(List.of("pods=web", "pods=api")))
                .hasMessageContaining("pods to two workloads");
        assertThat(ProxyVia.parse(List.of("pods=web", "pods=web"))).hasSize(1);
    }

    @Test
    void namesAreTheNetworksThatTheClusterTells() {
        assertThat(workload(routes(CLUSTER, "service=web"), "10.96.0.10")).isEqualTo("web");
        assertThat(workload(routes(CLUSTER, "service=web"), "fd00:96::1")).isEqualTo("web");
        assertThat(workload(routes(CLUSTER, "service=web"), "10.244.0.1")).isEmpty();
        assertThat(workload(routes(CLUSTER, "pods=web"), "10.244.0.1")).isEqualTo("web");
        assertThat(workload(routes(CLUSTER, "also=web"), "172.30.1.1")).isEqualTo("web");
        assertThat(List.of("10.96.0.10", "10.244.0.1", "172.30.1.1"))
                .allSatisfy(each ->
                        assertThat(workload(routes(CLUSTER, "all=web"), each)).isEqualTo("web"));
        assertThat(workload(routes(CLUSTER, "all=web"), "8.8.8.8")).isEmpty();
    }

    @Test
    void theSmallerNetworkCountsAndOfOneNetworkTheMoreExactWord() {
        ViaRoutes routes =
                routes(CLUSTER, "all=web", "pods=api", "10.244.7.0/24=db", "10.96.0.0/12=front", "service=api");
        assertThat(workload(routes, "10.244.7.1")).isEqualTo("db");
        assertThat(workload(routes, "10.244.8.1")).isEqualTo("api");
        assertThat(workload(routes, "10.96.0.1")).isEqualTo("front");
        assertThat(workload(routes, "172.30.1.1")).isEqualTo("web");
    }

    @Test
    void whatTheClusterTellsLaterCounts() {
        var told = new AtomicReference<>(ClusterNetwork.UNKNOWN);
        var routes = new ViaRoutes(ProxyVia.parse(List.of("service=web")), List.of(), told::get);
        assertThat(workload(routes, "10.96.0.10")).isEmpty();
        told.set(CLUSTER);
        assertThat(workload(routes, "10.96.0.10")).isEqualTo("web");
        assertThat(routes.networks(routes.asked().getFirst()))
                .containsExactly(network("10.96.0.0/12"), network("fd00:96::/112"));
    }
}
