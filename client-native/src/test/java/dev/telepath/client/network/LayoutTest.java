package dev.telepath.client.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LayoutTest {
    private static final IpNetwork VIRTUAL = network("247.0.0.0/8");

    private static IpNetwork network(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static List<IpNetwork> networks(String... texts) {
        return Arrays.stream(texts).map(LayoutTest::network).toList();
    }

    private static Layout of(List<IpNetwork> cluster, List<IpNetwork> never, List<IpNetwork> local) {
        return Layout.of(cluster, never, local, List.of(), Map.of(), VIRTUAL);
    }

    @Test
    void whatDoesNotCollideIsLedToTheDeviceAsItIs() {
        Layout layout = of(networks("10.96.0.0/12", "10.244.0.0/16"), List.of(), networks("192.168.1.0/24"));
        assertThat(layout.routes()).isEqualTo(networks("10.96.0.0/12", "10.244.0.0/16"));
        assertThat(layout.mapped()).isEmpty();
    }

    @Test
    void whatCollidesIsShownAsAnotherNetworkOfItsSize() {
        Layout layout = of(networks("10.96.0.0/12", "192.168.0.0/16"), List.of(), networks("192.168.1.0/24"));
        IpNetwork shown = layout.mapped().get(network("192.168.0.0/16"));
        assertThat(shown).isEqualTo(network("247.0.0.0/16"));
        assertThat(layout.routes()).containsExactly(network("10.96.0.0/12"), shown);
    }

    @Test
    void aMappingStaysWhileItIsNeededWhateverElseComesAndGoes() {
        List<IpNetwork> local = networks("192.168.1.0/24", "172.16.0.0/12");
        Layout first = of(networks("192.168.0.0/16"), List.of(), local);
        Layout second = Layout.of(
                networks("172.20.0.0/16", "192.168.0.0/16"), List.of(), local, List.of(), first.mapped(), VIRTUAL);
        assertThat(second.mapped().get(network("192.168.0.0/16"))).isEqualTo(network("247.0.0.0/16"));
        assertThat(second.mapped().get(network("172.20.0.0/16"))).isEqualTo(network("247.1.0.0/16"));
    }

    @Test
    void whatIsAllowedToCollideIsLedToTheDevice() {
        Layout layout = Layout.of(
                networks("10.0.0.0/8"), List.of(), networks("10.1.0.0/16"), networks("10.0.0.0/8"), Map.of(), VIRTUAL);
        assertThat(layout.routes()).isEqualTo(networks("10.0.0.0/8"));
    }

    @Test
    void whatIsTooLargeToBeShownAsAnotherIsHidden() {
        Layout layout = of(networks("0.0.0.0/1"), List.of(), networks("10.1.0.0/16"));
        assertThat(layout.hidden()).isEqualTo(networks("0.0.0.0/1"));
        assertThat(layout.routes()).isEmpty();
    }

    @Test
    void whatStaysThisMachinesIsLeftOutInAsFewPiecesAsThereAre() {
        assertThat(Layout.without(network("10.0.0.0/30"), networks("10.0.0.1")))
                .isEqualTo(networks("10.0.0.0/32", "10.0.0.2/31"));
        assertThat(Layout.without(network("10.0.0.0/24"), networks("10.0.0.0/16")))
                .isEmpty();
        assertThat(Layout.without(network("10.0.0.0/24"), networks("10.1.0.0/16")))
                .isEqualTo(networks("10.0.0.0/24"));
    }

    @Property
    void everyAddressOfTheClusterIsLedToTheDeviceUnlessItIsToStay(
            @ForAll @IntRange(max = 255) int low,
            @ForAll @IntRange(min = 25, max = 32) int prefix,
            @ForAll @IntRange(max = 255) int asked) {
        IpNetwork all = network("10.7.7.0/24");
        IpNetwork stays = network("10.7.7." + low + "/" + prefix);
        var address = network("10.7.7." + asked).address();
        boolean led = Layout.without(all, List.of(stays)).stream().anyMatch(piece -> piece.contains(address));
        assertThat(led).isEqualTo(!stays.contains(address));
    }
}
