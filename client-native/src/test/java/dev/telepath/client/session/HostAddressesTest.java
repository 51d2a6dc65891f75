package dev.telepath.client.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostAddressesTest {
    @ParameterizedTest
    @ValueSource(strings = {"10.42.0.7", "fd00::7"})
    void anAddressIsItself(String address) {
        assertThat(HostAddresses.of(address)).containsExactly(InetAddress.ofLiteral(address));
    }

    @Test
    void aNameHasTheAddressesThatThisMachineKnows() {
        assertThat(HostAddresses.of("localhost")).isNotEmpty().allMatch(InetAddress::isLoopbackAddress);
    }

    @Test
    void aNameThatNobodyKnowsHasNone() {
        assertThat(HostAddresses.of("nowhere.invalid")).isEmpty();
    }
}
