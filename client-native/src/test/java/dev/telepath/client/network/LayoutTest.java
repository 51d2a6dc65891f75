package dev.telepath.client.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LayoutTest {
    private static final List<IpNetwork> VIRTUAL = networks("247.0.0.0/8", "fd76:7470::/32");

    private static IpNetwork network(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    private static List<IpNetwork> networks(String... texts) {
        return Arrays.stream(texts).map(LayoutTest::network).toList();
    }

    private static Layout of(List<IpNetwork> cluster, List<IpNetwork> never, List<IpNetwork> local) {
        return Layout.of(new Layout.Plan(cluster, List.of(), never, List.of(), VIRTUAL), local, Map.of());
    }

    /** As {@link #of}, of networks that are shown as others in any case. */
    private static Layout showing(List<IpNetwork> cluster, List<IpNetwork> shown, List<IpNetwork> local) {
        return Layout.of(new Layout.Plan(cluster, shown, List.of(), List.of(), VIRTUAL), local, Map.of());
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
        var plan =
                new Layout.Plan(networks("172.20.0.0/16", "192.168.0.0/16"), List.of(), List.of(), List.of(), VIRTUAL);
        Layout second = Layout.of(plan, local, first.mapped());
        assertThat(second.mapped().get(network("192.168.0.0/16"))).isEqualTo(network("247.0.0.0/16"));
        assertThat(second.mapped().get(network("172.20.0.0/16"))).isEqualTo(network("247.1.0.0/16"));
    }

    @Test
    void whatIsAllowedToCollideIsLedToTheDevice() {
        var plan = new Layout.Plan(networks("10.0.0.0/8"), List.of(), List.of(), networks("10.0.0.0/8"), VIRTUAL);
        Layout layout = Layout.of(plan, networks("10.1.0.0/16"), Map.of());
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

    @Test
    void aCollidingNetworkOfIpv6IsShownAsAnotherOfIpv6() {
        Layout layout = of(networks("fd00:10::/64", "10.96.0.0/12"), List.of(), networks("fd00:10::/48"));
        assertThat(layout.mapped()).isEqualTo(Map.of(network("fd00:10::/64"), network("fd76:7470::/64")));
        assertThat(layout.routes()).isEqualTo(networks("fd76:7470::/64", "10.96.0.0/12"));
        assertThat(of(networks("fc00::/7"), List.of(), networks("fd00:10::/48")).hidden())
                .isEqualTo(networks("fc00::/7"));
    }

    @Test
    void whatIsToBeShownAsAnotherIsAndIsReachedAsItIsToo() {
        Layout layout = showing(networks("10.96.0.0/12"), networks("10.96.7.0/24", "10.1.0.0/16"), List.of());
        assertThat(layout.mapped().keySet())
                .containsExactlyInAnyOrderElementsOf(networks("10.96.7.0/24", "10.1.0.0/16"));
        assertThat(layout.routes()).isEqualTo(networks("10.96.0.0/12", "247.0.0.0/24", "10.1.0.0/16", "247.1.0.0/16"));
    }

    @Test
    void aLoopbackIsReachedByOtherAddressesAlone() {
        Layout layout = showing(List.of(), networks("127.0.0.1", "::1", "169.254.169.254"), List.of());
        assertThat(layout.routes()).isEqualTo(networks("247.0.0.0", "fd76:7470::", "247.0.0.1"));
        assertThat(layout.hidden()).isEmpty();
    }

    @Test
    void aMappingMovesOutOfTheWayOfANewRouteOfThisMachine() {
        List<IpNetwork> cluster = networks("192.168.0.0/16");
        Layout first = of(cluster, List.of(), networks("192.168.1.0/24"));
        var plan = new Layout.Plan(cluster, List.of(), List.of(), List.of(), VIRTUAL);
        Layout second = Layout.of(plan, networks("192.168.1.0/24", "247.0.7.0/24"), first.mapped());
        assertThat(second.mapped()).isEqualTo(Map.of(network("192.168.0.0/16"), network("247.1.0.0/16")));
    }

    @Test
    void aRouteOfThisMachineThatIsWiderThanAllVirtualAddressesIsNotInTheWay() {
        Layout layout = of(networks("10.96.0.0/12"), List.of(), networks("0.0.0.0/1", "128.0.0.0/1"));
        assertThat(layout.mapped()).isEqualTo(Map.of(network("10.96.0.0/12"), network("247.0.0.0/12")));
    }

    @Provide
    Arbitrary<List<IpNetwork>> ipv4() {
        // Few first bytes, so that networks meet, one of them that of the virtual addresses.
        Arbitrary<IpNetwork> network = Combinators.combine(
                        Arbitraries.of(10, 127, 192, 247),
                        Arbitraries.integers().between(0, 3),
                        Arbitraries.integers().between(0, 0xffff),
                        Arbitraries.integers().between(9, 32))
                .as((first, second, rest, prefix) ->
                        network(first + "." + second + "." + (rest >> 8) + "." + (rest & 0xff) + "/" + prefix));
        return network.list().ofMaxSize(8);
    }

    @Provide
    Arbitrary<List<IpNetwork>> ipv6() {
        Arbitrary<IpNetwork> network = Combinators.combine(
                        Arbitraries.of("fd76:7470", "fd00:1", "2001:db8"),
                        Arbitraries.integers().between(0, 3),
                        Arbitraries.integers().between(0, 0xffff),
                        Arbitraries.integers().between(33, 128))
                .as((first, second, last, prefix) ->
                        network(first + ":" + second + "::" + Integer.toHexString(last) + "/" + prefix));
        return network.list().ofMaxSize(8);
    }

    @Property
    void addressesOfIpv4AreShownEachAsOneOfItsOwnAndComeBack(
            @ForAll("ipv4") List<IpNetwork> cluster,
            @ForAll("ipv4") List<IpNetwork> shown,
            @ForAll("ipv4") List<IpNetwork> local,
            @ForAll("ipv4") List<IpNetwork> later) {
        holds(cluster, shown, local, later);
    }

    @Property
    void addressesOfIpv6AreShownEachAsOneOfItsOwnAndComeBack(
            @ForAll("ipv6") List<IpNetwork> cluster,
            @ForAll("ipv6") List<IpNetwork> shown,
            @ForAll("ipv6") List<IpNetwork> local,
            @ForAll("ipv6") List<IpNetwork> later) {
        holds(cluster, shown, local, later);
    }

    private static void holds(
            List<IpNetwork> cluster, List<IpNetwork> shown, List<IpNetwork> local, List<IpNetwork> later) {
        var plan = new Layout.Plan(cluster, shown, List.of(), List.of(), VIRTUAL);
        Layout first = Layout.of(plan, local, Map.of());
        soundOn(plan, local, first);
        Layout second = Layout.of(plan, later, first.mapped());
        soundOn(plan, later, second);
        second.mapped().forEach((real, as) -> {
            IpNetwork before = first.mapped().get(real);
            if (before != null && later.stream().noneMatch(before::overlaps)) {
                assertThat(as).as("what %s is shown as", real).isEqualTo(before);
            }
        });
    }

    private static void soundOn(Layout.Plan plan, List<IpNetwork> local, Layout layout) {
        List<Map.Entry<IpNetwork, IpNetwork>> all = List.copyOf(layout.mapped().entrySet());
        for (var one : all) {
            IpNetwork as = one.getValue();
            assertThat(as.prefix()).isEqualTo(one.getKey().prefix());
            assertThat(plan.virtual()).anyMatch(virtual -> virtual.contains(as.address()));
            assertThat(local).noneMatch(as::overlaps);
            assertThat(plan.cluster()).noneMatch(as::overlaps);
            assertThat(all).filteredOn(other -> other != one).noneMatch(other -> as.overlaps(other.getValue()));
            var first = one.getKey().address();
            var there = one.getKey().translate(first, as);
            assertThat(as.contains(there)).isTrue();
            assertThat(as.translate(there, one.getKey())).isEqualTo(first);
        }
        for (IpNetwork each : plan.shown()) {
            assertThat(layout.mapped().containsKey(each)
                            || layout.routes().stream().anyMatch(route -> route.contains(each.address()))
                            || layout.hidden().contains(each))
                    .isTrue();
        }
    }
}
