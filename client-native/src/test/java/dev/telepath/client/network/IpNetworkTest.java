package dev.telepath.client.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpNetworkTest {
    private static IpNetwork network(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static InetAddress address(String text) throws UnknownHostException {
        return InetAddress.getByName(text);
    }

    @ParameterizedTest
    @CsvSource({
        "10.96.0.0/12,10.96.0.0,true",
        "10.96.0.0/12,10.111.255.255,true",
        "10.96.0.0/12,10.112.0.0,false",
        "0.0.0.0/0,8.8.8.8,true",
        "0.0.0.0/0,::1,false",
        "fd00::/8,fdff::1,true",
        "fd00::/8,fe00::1,false",
        "10.1.2.3,10.1.2.3,true",
        "10.1.2.3,10.1.2.4,false"
    })
    void anAddressIsInANetworkByItsFirstBits(String network, String address, boolean in) throws UnknownHostException {
        assertThat(network(network).contains(address(address))).isEqualTo(in);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "example.com", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0/8", "fd00::/129", "/8"})
    void whatIsNoNetworkIsNone(String text) {
        assertThat(IpNetwork.parse(text)).isEmpty();
    }

    @Test
    void bitsBehindThePrefixDoNotMatter() {
        assertThat(network("10.96.7.9/12")).isEqualTo(network("10.96.0.0/12")).hasToString("10.96.0.0/12");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8,10.5.0.0/16,true",
        "10.5.0.0/16,10.0.0.0/8,true",
        "10.5.0.0/16,10.6.0.0/16,false",
        "0.0.0.0/0,fd00::/8,false"
    })
    void networksOverlapWhereOneIsInTheOther(String one, String other, boolean overlap) {
        assertThat(network(one).overlaps(network(other))).isEqualTo(overlap);
    }

    @Test
    void anAddressKeepsItsPlaceInAnotherNetwork() throws UnknownHostException {
        assertThat(network("192.168.0.0/20").translate(address("192.168.3.7"), network("246.247.128.0/20")))
                .isEqualTo(address("246.247.131.7"));
    }

    @Test
    void placesCarryOver() throws UnknownHostException {
        assertThat(network("10.0.0.0/8").at(256)).isEqualTo(address("10.0.1.0"));
        assertThat(network("10.0.255.0/24").at(511)).isEqualTo(address("10.1.0.255"));
        assertThat(network("fd00::/64").at(1)).isEqualTo(address("fd00::1"));
    }
}
