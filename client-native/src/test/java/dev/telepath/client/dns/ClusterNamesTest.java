package dev.telepath.client.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.dns.HostServers;
import dev.telepath.dns.ReverseName;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Type;

class ClusterNamesTest {
    private static final ClusterNetwork NETWORK = new ClusterNetwork(
            List.of("10.96.0.0/12", "fd00:0:0:0:0:0:0:0/108"), List.of("10.244.0.0/24"), "", Optional.empty());

    private static ClusterNames names(String... settings) {
        return names(NETWORK, Set.of(), settings);
    }

    private static ClusterNames names(ClusterNetwork network, Set<String> loops, String... settings) {
        return new ClusterNames(
                DnsSettings.of(TestSettings.of(settings)),
                ClusterNames.View.of(network, "shop", Set.of("dev", "io"), loops));
    }

    private static String told(Destination destination) {
        return switch (destination) {
            case Destination.Cluster(String name, boolean elsewhere) -> elsewhere ? name + " or other" : name;
            case Destination.Fixed(InetAddress address) -> "= " + address.getHostAddress();
            case Destination.Other other -> "other";
        };
    }

    private static String of(ClusterNames names, String name) {
        return told(names.of(name, Type.A, Translation.NONE));
    }

    @ParameterizedTest
    @CsvSource({
        "web, web.shop.svc.cluster.local or other",
        "web.shop, web.shop.svc.cluster.local or other",
        "web.dev, web.dev.svc.cluster.local or other",
        "web-0.web.dev, web-0.web.dev.svc.cluster.local or other",
        "_http._tcp.web.dev, _http._tcp.web.dev.svc.cluster.local or other",
        "a.b.c.dev, other",
        "web.io, other",
        "web.stage, other",
        "web.shop.svc, web.shop.svc.cluster.local",
        "x.svc, x.svc.cluster.local",
        "web.shop.svc.cluster.local, web.shop.svc.cluster.local",
        "cluster.local, cluster.local",
        "notcluster.local, other",
        "printer.local, other",
        "example.com, other",
        "com, other",
        "example.dev, example.dev.svc.cluster.local or other",
        "wpad, other",
        "wpad.shop, other",
        "wpad.shop.svc.cluster.local, other",
        "b._dns-sd._udp.shop, other",
        "localhost, other",
        "x.localhost, other",
        "'', other",
        "1.0.96.10.in-addr.arpa, 1.0.96.10.in-addr.arpa",
        "7.0.244.10.in-addr.arpa, 7.0.244.10.in-addr.arpa",
        "7.1.244.10.in-addr.arpa, other",
        "96.10.in-addr.arpa, other",
        "01.0.96.10.in-addr.arpa, other",
        "10.0.0.1, other"
    })
    void withoutSettings(String name, String expected) {
        assertThat(of(names(), name)).isEqualTo(expected);
    }

    @Test
    void reverseNamesOfBothFamiliesAreTheClustersWhereItsNetworksAre() {
        String six = ReverseName.of(HostServers.address("fd00::1").orElseThrow());

        assertThat(six).endsWith(".d.f.ip6.arpa");
        assertThat(of(names(), six)).isEqualTo(six);
        assertThat(of(names(), ReverseName.of(HostServers.address("fd01::1").orElseThrow())))
                .isEqualTo("other");
    }

    @ParameterizedTest
    @CsvSource({
        "dns.include-suffixes, .example.com, a.example.com, a.example.com",
        "dns.include-suffixes, *.example.com, example.com, example.com",
        "dns.include-suffixes, example.com, badexample.com, other",
        "dns.include-suffixes, '.corp, .com', x.com, x.com",
        "dns.include-suffixes, .com, wpad.com, other",
        "dns.exclude-suffixes, .dev, web.dev, other",
        "dns.exclude-suffixes, .svc, web.shop.svc, other",
        "dns.exclude-suffixes, .local, web.shop.svc.cluster.local, web.shop.svc.cluster.local",
        "dns.exclude-suffixes, .dev.svc.cluster.local, web.dev.svc.cluster.local, other",
        "dns.exclude-suffixes, .corp, web.com, other",
        "dns.excludes, web, web, other",
        "dns.excludes, web, web.shop.svc.cluster.local, other",
        "dns.excludes, web, web.dev, web.dev.svc.cluster.local or other",
        "dns.excludes, web.dev, web.dev, other",
        "dns.mappings, db=postgres.dev, db, postgres.dev.svc.cluster.local",
        "dns.mappings, db=postgres, db, postgres.shop.svc.cluster.local",
        "dns.mappings, db=postgres, db.shop.svc.cluster.local, postgres.shop.svc.cluster.local",
        "dns.mappings, DB.example.com.=10.9.8.7, db.example.com, = 10.9.8.7",
        "dns.mappings, db=::1, db, = 0:0:0:0:0:0:0:1",
        "dns.mappings, db=example.com, db, example.com",
        "dns.mappings, 'a=b,b=c', a, b.shop.svc.cluster.local"
    })
    void withASetting(String key, String value, String name, String expected) {
        assertThat(of(names(key, value), name)).isEqualTo(expected);
    }

    @Test
    void includedBeatsExcludedAndAMappingBeatsBoth() {
        ClusterNames names = names(
                "dns.include-suffixes",
                "a.com",
                "dns.exclude-suffixes",
                "x.a.com,com",
                "dns.excludes",
                "m.com",
                "dns.mappings",
                "m.com=web");

        assertThat(of(names, "x.a.com")).isEqualTo("x.a.com");
        assertThat(of(names, "m.com")).isEqualTo("web.shop.svc.cluster.local");
    }

    @Test
    void theClustersDomainCountsWhateverItIs() {
        var network = new ClusterNetwork(List.of(), List.of(), "K8s.Example.com.", Optional.empty());
        ClusterNames names = names(network, Set.of());

        assertThat(of(names, "web.shop.svc.k8s.example.com")).isEqualTo("web.shop.svc.k8s.example.com");
        assertThat(of(names, "web")).isEqualTo("web.shop.svc.k8s.example.com or other");
        assertThat(of(names, "example.com")).isEqualTo("other");
        assertThat(of(names, "web.shop.svc.cluster.local")).isEqualTo("other");
    }

    @Test
    void whatShortNamesAreAskedForByResolversIsNotTheClusters() {
        assertThat(told(names().of("dev", Type.DS, Translation.NONE))).isEqualTo("other");
        assertThat(told(names().of("web.dev", Type.SOA, Translation.NONE))).isEqualTo("other");
        assertThat(told(names().of("web.dev", Type.HTTPS, Translation.NONE)))
                .isEqualTo("web.dev.svc.cluster.local or other");
    }

    @Test
    void anIncludedSuffixThatLoopsDoesNotCount() {
        assertThat(of(names(NETWORK, Set.of("corp"), "dns.include-suffixes", "corp,lab"), "a.corp"))
                .isEqualTo("other");
        assertThat(of(names(NETWORK, Set.of("corp"), "dns.include-suffixes", "corp,lab"), "a.lab"))
                .isEqualTo("a.lab");
    }

    @Test
    void reverseNamesAreThoseOfTheAddressesThatAreShown() {
        InetAddress real = HostServers.address("10.96.0.1").orElseThrow();
        InetAddress shown = HostServers.address("198.18.0.1").orElseThrow();
        Translation mapped = new Translation() {
            @Override
            public InetAddress shown(InetAddress one) {
                return one.equals(real) ? shown : one;
            }

            @Override
            public Optional<InetAddress> real(InetAddress one) {
                return one.equals(shown) ? Optional.of(real) : Optional.empty();
            }
        };

        assertThat(told(names().of("1.0.18.198.in-addr.arpa", Type.PTR, mapped)))
                .isEqualTo("1.0.96.10.in-addr.arpa");
        assertThat(told(names().of("1.0.96.10.in-addr.arpa", Type.PTR, mapped))).isEqualTo("other");
    }

    @Property(tries = 2000)
    void whateverTheNameNothingOfTheInternetGoesToTheCluster(
            @ForAll @CharRange(from = 'a', to = 'd') @CharRange(from = '.', to = '.') @StringLength(max = 12)
                    String any) {
        String name = DnsSettings.plain(any).toLowerCase(Locale.ROOT);

        assertThat(of(names(), name)).isNotNull();
        assertThat(of(names(), DnsSettings.plain(name + ".com"))).isEqualTo("other");
        assertThat(of(names(), DnsSettings.plain(name + ".cluster.local")))
                .isEqualTo(DnsSettings.plain(name + ".cluster.local"));
    }
}
