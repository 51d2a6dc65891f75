package dev.telepath.client.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables in the format of netstat(1) of macOS, written after its manual page. */
class NetstatRoutesTest {
    private static final String NOW = """
            Routing tables

            Internet:
            Destination        Gateway            Flags           Netif Expire
            default            192.168.7.1        UGScg             en0
            10/8               link#22            UCS             utun4
            10.96.0.10         192.168.7.1        UGHWIi            en0
            127                127.0.0.1          UCS               lo0
            127.0.0.1          127.0.0.1          UH                lo0
            169.254            link#14            UCS               en0      !
            172.20.128/18      10.8.0.1           UGSc            utun4
            192.168.7          link#14            UCS               en0      !
            192.168.7.1/32     link#14            UCS               en0      !
            192.168.7.1        2:0:5e:10:0:1      UHLWIir           en0   1187
            192.168.7.23/32    link#14            UCS               en0      !
            198.51.100.7       10.8.0.1           UGHS            utun4
            224.0.0/4          link#14            UmCS              en0      !
            224.0.0.251        1:0:5e:0:0:fb      UHmLWI            en0
            255.255.255.255/32 link#14            UCS               en0      !

            Internet6:
            Destination                             Gateway                                 Flags           Netif Expire
            default                                 fe80::1%en0                             UGcg              en0
            default                                 fe80::%utun0                            UGcIg           utun0
            ::1                                     ::1                                     UHL               lo0
            2001:db8:7::/64                         link#14                                 UC                en0
            2001:db8:7::23                          2:0:5e:10:0:2                           UHL               lo0
            fd00:8::/48                             fe80::2%utun4                           UGSc            utun4
            fe80::%en0/64                           link#14                                 UCI               en0
            fe80::1%en0                             2:0:5e:10:0:1                           UHLWIir           en0
            ff00::/8                                ::1                                     UmCI              lo0
            ff02::%en0/32                           link#14                                 UmCI              en0
            """;

    private static final String BEFORE_MACOS_11 = """
            Routing tables

            Internet:
            Destination        Gateway            Flags        Refs      Use   Netif Expire
            default            192.168.7.1        UGSc           20       16     en0
            10.10/16           link#4             UCS             1        0     en1
            192.168.7          link#5             UCS             1        0     en0
            """;

    @Test
    void networksAreFoundAndWhatEveryMachineHasIsNot() {
        List<IpNetwork> found = NetstatRoutes.parse(NOW, device -> true).stream()
                .filter(LocalRoutes::isSomewhere)
                .toList();
        assertThat(found)
                .extracting(IpNetwork::toString)
                .containsExactly(
                        "10.0.0.0/8",
                        "172.20.128.0/18",
                        "192.168.7.0/24",
                        "192.168.7.1/32",
                        "192.168.7.23/32",
                        "198.51.100.7/32",
                        "2001:db8:7:0:0:0:0:0/64",
                        "fd00:8:0:0:0:0:0:0/48");
    }

    @Test
    void aRouteThatTheSystemMadeForOneConversationIsNone() {
        assertThat(NetstatRoutes.parse(NOW, device -> true))
                .noneMatch(each -> each.toString().equals("10.96.0.10/32"));
    }

    @Test
    void theOtherColumnsOfOlderSystemsDoNotMatter() {
        assertThat(NetstatRoutes.parse(BEFORE_MACOS_11, device -> !device.equals("en1")))
                .extracting(IpNetwork::toString)
                .containsExactly("192.168.7.0/24");
    }

    @Test
    void aDeviceThatDoesNotCountHasNone() {
        assertThat(NetstatRoutes.parse(NOW, device -> device.equals("utun9"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "127,127.0.0.0/8",
        "169.254,169.254.0.0/16",
        "192.168.7,192.168.7.0/24",
        "192.0.2.9,192.0.2.9/32",
        "0/1,0.0.0.0/1",
        "128.0/1,128.0.0.0/1",
        "10.96/12,10.96.0.0/12",
        "2001:db8::5,2001:db8:0:0:0:0:0:5/128",
        "fd00::%utun3/64,fd00:0:0:0:0:0:0:0/64"
    })
    void whatADestinationLeavesOutIsZero(String text, String network) {
        assertThat(NetstatRoutes.network(text))
                .hasValueSatisfying(each -> assertThat(each).hasToString(network));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"default", "", "10.1.2.3.4", "10/33", "10/x", "link#4", "fd00::/129", "host.example", "300.1"})
    void whatIsNoNetworkIsNone(String text) {
        assertThat(NetstatRoutes.network(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "netstat: illegal option", "Destination\n10/8", "10/8 link#1 UCS en0"})
    void textWithoutATableHasNoRoutes(String text) {
        assertThat(NetstatRoutes.parse(text, device -> true)).isEmpty();
    }
}
