package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.Destinations.Way;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.network.NetworkWatch;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressingTest {
    private static Addressing of(Map<Setting, String> flags) {
        Path none = Path.of("no", "such", "folder");
        return new Addressing(
                Settings.resolve(flags, Map.of("XDG_CONFIG_HOME", none.toString()), Optional.empty()),
                new NetworkWatch());
    }

    private static Addressing via(String words) {
        return of(Map.of(Setting.NETWORK_ALSO, "10.96.0.0/12,fd00:10::/56", Setting.NETWORK_VIA, words));
    }

    private static IpNetwork network(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static InetAddress address(String text) {
        return InetAddress.ofLiteral(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0/0=web,larger than 247.0.0.0/8",
        "fc00::/7=web,larger than fd76:7470:",
        "247.3.0.0/16=web,tp's own",
        "246.247.0.1=web,tp's own",
        "nonsense=web,no network"
    })
    void whatCannotBeShownIsRefused(String words, String why) {
        assertThatThrownBy(() -> via(words))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.USAGE))
                .hasMessageContaining(why);
    }

    @Test
    void aVirtualSubnetIsOfItsFamily() {
        assertThatThrownBy(() -> of(Map.of(Setting.NETWORK_VIRTUAL6, "10.0.0.0/8")))
                .hasMessageContaining("no network of IPv6");
        assertThatThrownBy(() -> of(Map.of(Setting.NETWORK_VIRTUAL, "fd00::/8")))
                .hasMessageContaining("no network of IPv4");
    }

    @Test
    void aLoopbackOfAWorkloadIsReachedByAnotherAddressWithoutAnyDevice() {
        Addressing addressing = via("127.0.0.1=web,::1=api");
        InetAddress shown = addressing.shown(address("127.0.0.1"));
        assertThat(shown).isEqualTo(address("247.0.0.0"));
        assertThat(addressing.real(shown)).contains(address("127.0.0.1"));
        assertThat(addressing.destinations().of(new InetSocketAddress(shown, 80)))
                .isEqualTo(new Way.Cluster(new InetSocketAddress("127.0.0.1", 80)));
        assertThat(addressing.via().workload(address("127.0.0.1"))).contains("web");
        assertThat(addressing.via().workload(address("::1"))).contains("api");
        assertThat(addressing.shown(address("::1"))).isEqualTo(address("fd76:7470::"));
        assertThat(addressing.leading()).contains(network("247.0.0.0/32"), network("fd76:7470::/128"));
    }

    @Test
    void whatIsShownForADeviceStaysWhenTheDeviceGoesIfItIsToBeShown() {
        Addressing addressing = via("127.0.0.1=web");
        addressing.layOut(List.of(network("10.100.0.0/16")));
        assertThat(addressing.shown(address("10.96.0.10"))).isNotEqualTo(address("10.96.0.10"));
        addressing.layOut(List.of());
        assertThat(addressing.shown(address("10.96.0.10"))).isEqualTo(address("10.96.0.10"));
        assertThat(addressing.shown(address("127.0.0.1"))).isEqualTo(address("247.0.0.0"));
    }

    @Test
    void whatTheDaemonItselfDialsIsLedToNoDeviceAndIsTheClustersForPrograms() {
        Addressing addressing = via("");
        InetAddress manager = address("10.96.3.7");
        assertThat(addressing.leave(List.of(manager))).isTrue();
        assertThat(addressing.leave(List.of(manager))).isFalse();
        assertThat(addressing.layOut(List.of()).routes())
                .noneMatch(each -> each.contains(manager))
                .anyMatch(each -> each.contains(address("10.96.3.6")))
                .anyMatch(each -> each.contains(address("10.96.3.8")));
        assertThat(addressing.destinations().of(new InetSocketAddress(manager, 8443)))
                .isEqualTo(new Way.Cluster(new InetSocketAddress(manager, 8443)));
        assertThat(addressing.leave(List.of(address("fd00:10::5")))).isTrue();
        assertThat(addressing.layOut(List.of()).routes()).anyMatch(each -> each.contains(manager));
    }

    @Property(tries = 200)
    void whatIsShownForAnAddressLeadsBackToIt(@ForAll int ipv4, @ForAll byte[] last, @ForAll boolean collides) {
        Addressing addressing = via("10.96.0.0/24=web,also=api,127.0.0.1=web");
        addressing.layOut(collides ? List.of(network("10.96.0.0/16"), network("fd00:10::/64")) : List.of());
        InetAddress real = network("10.96.0.0/12").at(ipv4 & 0xfffff);
        InetAddress real6 = network("fd00:10::/56").at(last.length == 0 ? 0 : last[0] & 0x7f);
        for (InetAddress each : List.of(real, real6)) {
            InetAddress shown = addressing.shown(each);
            assertThat(shown).isNotEqualTo(each);
            assertThat(addressing.real(shown)).contains(each);
            assertThat(addressing.destinations().of(new InetSocketAddress(shown, 80)))
                    .isEqualTo(new Way.Cluster(new InetSocketAddress(each, 80)));
        }
    }
}
