package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.dns.Translation;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.Destinations;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.network.Layout;
import dev.telepath.client.network.NetworkWatch;
import dev.telepath.client.network.ProxyVia;
import dev.telepath.client.network.ViaRoutes;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which addresses are the cluster's, by which of them this machine's programs reach it, and which only agents of one workload dial.
 * Follows what the cluster tells. Thread-safe; never blocks.
 */
final class Addressing implements Translation {
    /** What a name may stand for where an agent has no address of its own: the loopback there, never this machine's. */
    private final IpNetwork farLoopback = new IpNetwork(InetAddress.ofLiteral("127.0.0.0"), 17);

    private final NetworkWatch network;
    private final DeviceAddresses addresses;
    private final List<IpNetwork> also;
    private final List<IpNetwork> never;
    private final List<IpNetwork> allowed;
    private final List<IpNetwork> virtual;
    private final ViaRoutes via;
    /** Held for no longer than it takes to put destinations together: an event loop may wait for it. */
    private final Object laying = new Object();

    /** What the daemon itself dials to be connected. */
    private List<IpNetwork> left = List.of();

    private Map<IpNetwork, IpNetwork> mapped = Map.of();
    private List<IpNetwork> local = List.of();
    private volatile Destinations destinations;

    /**
     * @throws Failure of kind USAGE for a setting that cannot be read
     */
    Addressing(Settings settings, NetworkWatch network) {
        this.network = network;
        this.addresses = addresses(settings);
        this.also = networks(settings, Setting.NETWORK_ALSO);
        this.never = networks(settings, Setting.NETWORK_NEVER);
        this.allowed = networks(settings, Setting.NETWORK_ALLOW);
        this.virtual = List.of(
                virtual(settings, Setting.NETWORK_VIRTUAL, true), virtual(settings, Setting.NETWORK_VIRTUAL6, false));
        this.via = new ViaRoutes(ProxyVia.parse(settings.words(Setting.NETWORK_VIA)), also, network::latest);
        checkVia();
        this.destinations = destinations(Map.of());
        layOut(List.of());
        network.onChange(this::told);
    }

    private static DeviceAddresses addresses(Settings settings) {
        try {
            return new DeviceAddresses(
                    network(settings, Setting.NETWORK_SUBNET), network(settings, Setting.NETWORK_SUBNET6));
        } catch (IllegalArgumentException e) {
            throw new Failure(
                    Kind.USAGE,
                    "network.subnet and network.subnet6 do not fit: " + e.getMessage(),
                    "one network of prefix " + DeviceAddresses.PREFIX + ", and one of prefix "
                            + DeviceAddresses.PREFIX_V6,
                    e);
        }
    }

    private static IpNetwork virtual(Settings settings, Setting setting, boolean ipv4) {
        IpNetwork network = network(settings, setting);
        if (network.isIpv4() != ipv4) {
            throw wrong(setting, network.toString());
        }
        return network;
    }

    private static IpNetwork network(Settings settings, Setting setting) {
        return IpNetwork.parse(settings.text(setting)).orElseThrow(() -> wrong(setting, settings.text(setting)));
    }

    private static List<IpNetwork> networks(Settings settings, Setting setting) {
        return settings.words(setting).stream()
                .map(each -> IpNetwork.parse(each).orElseThrow(() -> wrong(setting, each)))
                .toList();
    }

    private static Failure wrong(Setting setting, String text) {
        return new Failure(
                Kind.USAGE,
                setting.key() + ": '" + text + "' is no network"
                        + (setting == Setting.NETWORK_VIRTUAL ? " of IPv4" : "")
                        + (setting == Setting.NETWORK_VIRTUAL6 ? " of IPv6" : ""),
                setting.fallback().isEmpty() ? "as 10.1.0.0/16 or an address" : "as " + setting.fallback());
    }

    /** A network that is named itself has to be one that can be shown. Of those that the cluster tells, nobody knows yet. */
    private void checkVia() {
        for (ProxyVia one : via.asked()) {
            if (!(one.which() instanceof ProxyVia.Which.Addresses(IpNetwork asked))) {
                continue;
            }
            for (IpNetwork each : virtual) {
                if (each.isIpv4() == asked.isIpv4() && each.prefix() > asked.prefix()) {
                    throw new Failure(
                            Kind.USAGE,
                            "--proxy-via " + asked + ": it is larger than " + each
                                    + ", in which its addresses are to be shown",
                            "give a smaller network, or a larger network.virtual-subnet");
                }
            }
            if (Stream.concat(virtual.stream(), Stream.of(addresses.ipv4(), addresses.ipv6()))
                    .anyMatch(asked::overlaps)) {
                throw new Failure(
                        Kind.USAGE,
                        "--proxy-via " + asked + ": there are addresses of tp's own in it",
                        "network.virtual-subnet and network.subnet move those");
            }
        }
    }

    DeviceAddresses device() {
        return addresses;
    }

    /** Which way an address lies, now. */
    Destinations destinations() {
        return destinations;
    }

    ViaRoutes via() {
        return via;
    }

    /** Networks that lead to the cluster, by whichever addresses. */
    List<IpNetwork> leading() {
        Destinations now = destinations;
        return Stream.concat(now.cluster().stream(), now.mapped().stream().map(Destinations.Mapping::shown))
                .distinct()
                .toList();
    }

    /**
     * Shows the cluster's networks from now on as a machine with some routes of its own needs it.
     *
     * @param routes networks that this machine has routes to; none where nothing is led to a device of its own
     */
    Layout layOut(List<IpNetwork> routes) {
        synchronized (laying) {
            local = List.copyOf(routes);
            return layOut();
        }
    }

    /**
     * Leads none of these addresses to a device from the next {@link #layOut} on, instead of those of before. By the proxy, and in network
     * namespaces, they are the cluster's as before: only packets of the daemon's own would go round in a circle.
     *
     * @return whether they are others than before
     */
    boolean leave(Collection<InetAddress> addresses) {
        List<IpNetwork> next = addresses.stream()
                .map(each -> new IpNetwork(each, each.getAddress().length * Byte.SIZE))
                .distinct()
                .toList();
        synchronized (laying) {
            boolean others = !next.equals(left);
            left = next;
            return others;
        }
    }

    /** The cluster told other networks: they are looked at for every connection, so they are put together here. */
    private void told() {
        synchronized (laying) {
            layOut();
        }
    }

    private Layout layOut() {
        List<IpNetwork> vias =
                via.routes().stream().map(ViaRoutes.Route::network).toList();
        List<IpNetwork> stay = Stream.concat(never.stream(), left.stream()).toList();
        Layout layout = Layout.of(new Layout.Plan(cluster(), vias, stay, allowed, virtual), local, mapped);
        mapped = layout.mapped();
        destinations = destinations(mapped);
        return layout;
    }

    private Destinations destinations(Map<IpNetwork, IpNetwork> shown) {
        Stream<Destinations.Mapping> mappings =
                shown.entrySet().stream().map(each -> new Destinations.Mapping(each.getKey(), each.getValue()));
        return new Destinations(
                Stream.concat(cluster().stream(), via.routes().stream().map(ViaRoutes.Route::network))
                        .distinct()
                        .toList(),
                never,
                Stream.concat(mappings, Stream.of(new Destinations.Mapping(farLoopback, addresses.farLoopback())))
                        .toList(),
                addresses);
    }

    private List<IpNetwork> cluster() {
        ClusterNetwork known = network.latest();
        return Stream.concat(
                        Stream.concat(known.services().stream(), known.pods().stream())
                                .flatMap(each -> IpNetwork.parse(each).stream()),
                        also.stream())
                .distinct()
                .toList();
    }

    @Override
    public InetAddress shown(InetAddress real) {
        return destinations.shown(real);
    }

    @Override
    public Optional<InetAddress> real(InetAddress shown) {
        return Optional.of(destinations.real(shown));
    }

    /** Tells which destinations agents of one workload dial, and as what they are shown. */
    void describe(ObjectNode status) {
        if (via.asked().isEmpty()) {
            return;
        }
        Map<IpNetwork, IpNetwork> now;
        synchronized (laying) {
            now = mapped;
        }
        ArrayNode rows = status.putArray("proxy_via");
        for (ProxyVia one : via.asked()) {
            ObjectNode row =
                    rows.addObject().put("destinations", one.which().toString()).put("workload", one.workload());
            ArrayNode networks = row.putArray("networks");
            for (IpNetwork each : via.networks(one)) {
                IpNetwork shown = now.get(each);
                networks.addObject()
                        .put("network", each.toString())
                        .put("shown", (shown == null ? each : shown).toString());
            }
        }
    }
}
