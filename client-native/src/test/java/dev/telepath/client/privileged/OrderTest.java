package dev.telepath.client.privileged;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.network.InterfaceAddress;
import dev.telepath.client.network.IpNetwork;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class OrderTest {
    static Stream<Order> orders() {
        return Stream.of(
                new Order.Device(
                        "tp0",
                        65_000,
                        new InterfaceAddress(InetAddress.ofLiteral("246.247.0.1"), 16),
                        new InterfaceAddress(InetAddress.ofLiteral("fd74::1"), 64)),
                new Order.Routes(List.of(IpNetwork.parse("10.96.0.0/12").orElseThrow())),
                new Order.Routes(List.of()),
                new Order.Redirect(
                        List.of(InetAddress.ofLiteral("192.0.2.53"), InetAddress.ofLiteral("2001:db8::53")), 5353, 64),
                new Order.Redirect(List.of(), 1, 64),
                new Order.Names(
                        InetAddress.ofLiteral("246.247.0.2"), List.of("shop.svc.cluster.local", "~svc", "~_x.a-b.c")),
                new Order.Names(InetAddress.ofLiteral("246.247.0.2"), List.of()),
                new Order.Utun(
                        16_384,
                        new InterfaceAddress(InetAddress.ofLiteral("246.247.0.1"), 16),
                        new InterfaceAddress(InetAddress.ofLiteral("fd74::1"), 64)),
                new Order.Resolvers(List.of("cluster.local", "svc", "_x.96.10.in-addr.arpa"), List.of("a.b"), 5353),
                new Order.Resolvers(List.of(), List.of(), 1));
    }

    @ParameterizedTest
    @MethodSource("orders")
    void anOrderIsReadAsItWasWritten(Order order) {
        assertThat(Order.of(order.json())).isEqualTo(order);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"order\":\"reboot\"}",
                "{\"order\":\"device\",\"name\":\"eth0\",\"mtu\":1500,\"ipv4\":\"10.0.0.1/16\",\"ipv6\":\"fd00::1/64\"}",
                "{\"order\":\"device\",\"name\":\"tp0/../x\",\"mtu\":1500,\"ipv4\":\"10.0.0.1/16\",\"ipv6\":\"fd00::1/64\"}",
                "{\"order\":\"device\",\"name\":\"tp0\",\"mtu\":1,\"ipv4\":\"10.0.0.1/16\",\"ipv6\":\"fd00::1/64\"}",
                "{\"order\":\"device\",\"name\":\"tp0\",\"mtu\":1500,\"ipv4\":\"fd00::1/64\",\"ipv6\":\"10.0.0.1/16\"}",
                "{\"order\":\"device\",\"name\":\"tp0\",\"mtu\":1500,\"ipv4\":\"10.0.0.1\",\"ipv6\":\"fd00::1/64\"}",
                "{\"order\":\"routes\",\"networks\":[\"0.0.0.0/0\"]}",
                "{\"order\":\"routes\",\"networks\":[\"example.com\"]}",
                "{\"order\":\"redirect\",\"servers\":[\"example.com\"],\"port\":53,\"trafficClass\":64}",
                "{\"order\":\"redirect\",\"servers\":[],\"port\":0,\"trafficClass\":64}",
                "{\"order\":\"redirect\",\"servers\":[],\"port\":53,\"trafficClass\":0}",
                "{\"order\":\"names\",\"server\":\"example.com\",\"domains\":[\"svc\"]}",
                "{\"order\":\"names\",\"domains\":[]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"~.\"]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"\"]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"-4\"]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"a b\"]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"a\\n\"]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"a\\ntp1\"]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"$(id)\"]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"a..b\"]}",
                "{\"order\":\"names\",\"server\":\"246.247.0.2\",\"domains\":[\"Ab\"]}",
                "{\"order\":\"utun\",\"mtu\":1,\"ipv4\":\"10.0.0.1/16\",\"ipv6\":\"fd00::1/64\"}",
                "{\"order\":\"utun\",\"mtu\":1500,\"ipv4\":\"fd00::1/64\",\"ipv6\":\"10.0.0.1/16\"}",
                "{\"order\":\"resolvers\",\"domains\":[\"../x\"],\"search\":[],\"port\":53}",
                "{\"order\":\"resolvers\",\"domains\":[\"a..b\"],\"search\":[],\"port\":53}",
                "{\"order\":\"resolvers\",\"domains\":[\"a/b\"],\"search\":[],\"port\":53}",
                "{\"order\":\"resolvers\",\"domains\":[\"\"],\"search\":[],\"port\":53}",
                "{\"order\":\"resolvers\",\"domains\":[\"a\"],\"search\":[\"b\\nport 1\"],\"port\":53}",
                "{\"order\":\"resolvers\",\"domains\":[\"a\"],\"search\":[],\"port\":0}",
                "{\"order\":\"resolvers\",\"domains\":[],\"search\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\"],\"port\":1}"
            })
    void whatIsNoOrderIsRefusedWhoeverSendsIt(String text) throws JsonProcessingException {
        var json = Wire.JSON.readTree(text);
        assertThatThrownBy(() -> Order.of(json)).isInstanceOf(Failure.class);
    }
}
