package dev.telepath.manager.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubnetTest {
    private static Subnet subnet(String text) {
        return Subnet.parse(text).orElseThrow();
    }

    private static List<InetAddress> addresses(String... texts) {
        return Stream.of(texts).map(text -> Subnet.address(text).orElseThrow()).toList();
    }

    @Test
    void bitsBehindThePrefixAreCleared() {
        assertThat(subnet("10.244.37.9/16")).hasToString("10.244.0.0/16");
        assertThat(subnet("fd00:1:2:3::9/50")).isEqualTo(subnet("fd00:1:2::/50"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "example/8", "::/129", "/8"})
    void whatIsNoNetworkIsNotRead(String text) {
        assertThat(Subnet.parse(text)).isEmpty();
        assertThatThrownBy(() -> Subnet.list(List.of(text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected ADDRESS/PREFIX");
    }

    @Test
    void theCommonNetworkIsTheSmallestOfEachFamily() {
        assertThat(Subnet.common(addresses("10.96.0.1", "fd00::1", "10.96.0.10", "fd00::8")))
                .containsExactly(subnet("10.96.0.0/28"), subnet("fd00::/124"));
        assertThat(Subnet.common(addresses("10.96.0.1"))).containsExactly(subnet("10.96.0.1/32"));
        assertThat(Subnet.common(List.of())).isEmpty();
    }

    @Provide
    Arbitrary<InetAddress> address() {
        return Arbitraries.of(4, 16)
                .flatMap(length -> Arbitraries.bytes().array(byte[].class).ofSize(length))
                .map(SubnetTest::of);
    }

    private static InetAddress of(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    @Provide
    Arbitrary<Subnet> network() {
        return Combinators.combine(address(), Arbitraries.integers().between(0, 128))
                .as((address, prefix) -> new Subnet(address, Math.min(prefix, address.getAddress().length * 8)));
    }

    private static BigInteger number(InetAddress address) {
        return new BigInteger(1, address.getAddress());
    }

    @Property
    void aNetworkContainsWhatSharesItsFirstBits(
            @ForAll("network") Subnet network, @ForAll("address") InetAddress other) {
        int bits = network.address().getAddress().length * 8;
        boolean same = other.getAddress().length * 8 == bits
                && number(other)
                        .shiftRight(bits - network.prefix())
                        .equals(number(network.address()).shiftRight(bits - network.prefix()));

        assertThat(network.contains(other)).isEqualTo(same);
        assertThat(network.contains(network.address())).isTrue();
        assertThat(subnet(network.toString())).isEqualTo(network);
    }

    @Property
    void theCommonNetworkHoldsAllAndIsPartOfAnyThatDoes(
            @ForAll("network") Subnet network, @ForAll List<@net.jqwik.api.constraints.NotEmpty byte[]> seeds) {
        int length = network.address().getAddress().length;
        List<InetAddress> inside = seeds.stream()
                .map(seed -> number(network.address())
                        .or(new BigInteger(1, seed).mod(BigInteger.ONE.shiftLeft(length * 8 - network.prefix()))))
                .map(number -> of(java.util.HexFormat.of().parseHex(("%0" + length * 2 + "x").formatted(number))))
                // The platform makes addresses of IPv4 of those of IPv6 that are mapped from them (RFC 4291, 2.5.5.2).
                .filter(one -> one.getAddress().length == length)
                .toList();

        List<Subnet> common = Subnet.common(inside);

        assertThat(common).hasSize(inside.isEmpty() ? 0 : 1);
        for (Subnet one : common) {
            assertThat(inside).allMatch(one::contains);
            assertThat(one.prefix()).isGreaterThanOrEqualTo(network.prefix());
            assertThat(network.contains(one.address())).isTrue();
        }
    }
}
