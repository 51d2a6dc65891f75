package dev.telepath.client.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.client.network.IpNetwork;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SuffixesTest {
    private static Suffixes of(List<String> networks, Set<String> loops, Translation translation, String... pairs) {
        DnsSettings settings = DnsSettings.of(TestSettings.of(pairs));
        var network = new ClusterNetwork(networks, List.of(), "", Optional.empty());
        var names = new ClusterNames(settings, ClusterNames.View.of(network, "shop", Set.of("dev"), loops));
        return Suffixes.of(settings, names, translation);
    }

    private static List<String> routed(String... pairs) {
        return of(List.of(), Set.of(), Translation.NONE, pairs).routed();
    }

    private static List<String> zones(String network) {
        return of(List.of(network), Set.of(), Translation.NONE).routed().stream()
                .filter(each -> each.endsWith(".arpa"))
                .toList();
    }

    @Test
    void theDomainServicesAndNamespacesAreLedAndShortNamesCompleted() {
        Suffixes suffixes = of(List.of(), Set.of(), Translation.NONE);
        assertThat(suffixes.search()).containsExactly("shop.svc.cluster.local");
        assertThat(suffixes.routed()).containsExactly("cluster.local", "svc", "dev", "shop");
    }

    @Test
    void includedSuffixesAreLedUnlessTheyLoop() {
        assertThat(routed("dns.include-suffixes", ".corp,*.lab")).contains("corp", "lab");
        assertThat(of(List.of(), Set.of("lab"), Translation.NONE, "dns.include-suffixes", ".corp,.lab")
                        .routed())
                .contains("corp")
                .doesNotContain("lab");
    }

    @Test
    void whatIsExcludedIsNotLed() {
        assertThat(routed("dns.exclude-suffixes", ".svc,.dev")).containsExactly("cluster.local", "shop");
        Suffixes none = of(List.of(), Set.of(), Translation.NONE, "dns.exclude-suffixes", ".cluster.local");
        assertThat(none.search()).isEmpty();
        assertThat(none.routed()).doesNotContain("cluster.local");
    }

    @Test
    void mappedNamesAreLedWhereTheyAreNoShortOnes() {
        assertThat(routed("dns.mappings", "db.example.com=db.data,short=web,away.example.com=localhost"))
                .contains("db.example.com")
                .doesNotContain("short", "away.example.com");
    }

    @Test
    void reverseNamesAreLedAtTheLabelsOfTheirNetworks() {
        assertThat(zones("10.99.0.0/24")).containsExactly("0.99.10.in-addr.arpa");
        assertThat(zones("10.96.0.0/12"))
                .hasSize(16)
                .startsWith("96.10.in-addr.arpa")
                .endsWith("111.10.in-addr.arpa");
        assertThat(zones("10.99.0.7/32")).containsExactly("7.0.99.10.in-addr.arpa");
        assertThat(zones("fd00:10:96::/108")).containsExactly("0.".repeat(15) + "6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa");
        assertThat(zones("10.0.0.0/9")).isEmpty();
        assertThat(zones("0.0.0.0/0")).isEmpty();
    }

    @Test
    void reverseNamesAreThoseOfAddressesAsTheyAreShown() {
        var real = IpNetwork.parse("10.99.0.0/24").orElseThrow();
        var shown = IpNetwork.parse("247.0.1.0/24").orElseThrow();
        Translation mapped = new Translation() {
            @Override
            public InetAddress shown(InetAddress address) {
                return real.contains(address) ? real.translate(address, shown) : address;
            }

            @Override
            public Optional<InetAddress> real(InetAddress address) {
                return Optional.of(shown.contains(address) ? shown.translate(address, real) : address);
            }
        };
        assertThat(of(List.of("10.99.0.0/24"), Set.of(), mapped).routed()).endsWith("1.0.247.in-addr.arpa");
    }
}
