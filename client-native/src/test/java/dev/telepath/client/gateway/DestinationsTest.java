package dev.telepath.client.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.gateway.Destinations.Mapping;
import dev.telepath.client.gateway.Destinations.Way;
import dev.telepath.client.network.IpNetwork;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationsTest {
    private static final DeviceAddresses OWN = new DeviceAddresses(network("246.247.0.0/16"), network("fd74::/64"));
    private static final Destinations DESTINATIONS = new Destinations(
            List.of(network("10.96.0.0/12"), network("192.168.0.0/16")),
            List.of(network("10.96.7.0/24")),
            List.of(
                    new Mapping(network("192.168.0.0/16"), network("247.0.0.0/16")),
                    new Mapping(network("127.0.0.0/17"), OWN.farLoopback())),
            OWN);

    private static IpNetwork network(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static InetSocketAddress socket(String address) {
        return new InetSocketAddress(InetAddress.ofLiteral(address), 80);
    }

    @ParameterizedTest
    @CsvSource({"10.96.0.10,10.96.0.10", "247.0.3.4,192.168.3.4", "246.247.128.1,127.0.0.1"})
    void whatIsTheClustersGoesThereByItsTrueAddress(String asked, String real) {
        assertThat(DESTINATIONS.of(socket(asked))).isEqualTo(new Way.Cluster(socket(real)));
    }

    @ParameterizedTest
    @CsvSource({"8.8.8.8,8.8.8.8", "10.96.7.1,10.96.7.1", "2001:db8::1,2001:db8::1", "246.247.0.3,127.0.0.1"})
    void whatIsNotGoesFromThisMachine(String asked, String real) {
        assertThat(DESTINATIONS.of(socket(asked))).isEqualTo(new Way.Local(socket(real)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"246.247.0.1", "246.247.1.9", "fd74::1", "127.0.0.1", "0.0.0.0", "224.0.0.251", "::1"})
    void ownAddressesAndThoseOfNobodyLeadNowhere(String asked) {
        assertThat(DESTINATIONS.of(socket(asked))).isInstanceOf(Way.None.class);
    }

    @Test
    void whatIsShownForAnAddressLeadsBackToIt() {
        InetAddress real = InetAddress.ofLiteral("192.168.44.5");
        assertThat(DESTINATIONS.shown(real)).isEqualTo(InetAddress.ofLiteral("247.0.44.5"));
        assertThat(DESTINATIONS.real(DESTINATIONS.shown(real))).isEqualTo(real);
        InetAddress other = InetAddress.ofLiteral("10.96.0.1");
        assertThat(DESTINATIONS.shown(other)).isEqualTo(other);
        assertThat(DESTINATIONS.isCluster(InetAddress.ofLiteral("10.96.7.1"))).isFalse();
    }

    @Test
    void aDeviceNeedsNetworksOfTheSizeThatItsAddressesAreLaidOutFor() {
        assertThatThrownBy(() -> new DeviceAddresses(network("246.247.0.0/24"), network("fd74::/64")))
                .hasMessageContaining("prefix 16");
        assertThatThrownBy(() -> new DeviceAddresses(network("fd74::/64"), network("246.247.0.0/16")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void ofTwoNetworksAroundAnAddressTheSmallerOneShowsIt() {
        var two = new Destinations(
                List.of(),
                List.of(),
                List.of(
                        new Mapping(network("127.0.0.0/17"), OWN.farLoopback()),
                        new Mapping(network("127.0.0.1/32"), network("247.0.0.7/32"))),
                OWN);
        assertThat(two.shown(InetAddress.ofLiteral("127.0.0.1"))).isEqualTo(InetAddress.ofLiteral("247.0.0.7"));
        assertThat(two.shown(InetAddress.ofLiteral("127.0.0.2"))).isEqualTo(InetAddress.ofLiteral("246.247.128.2"));
        assertThat(two.of(socket("247.0.0.7"))).isEqualTo(new Way.Cluster(socket("127.0.0.1")));
        assertThat(two.of(socket("246.247.128.2"))).isEqualTo(new Way.Cluster(socket("127.0.0.2")));
    }
}
