package dev.telepath.client.network;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Which destinations are dialled by agents of which workload, as the cluster's networks are now. Thread-safe; never blocks.
 */
public final class ViaRoutes {
    /** A network, by its own addresses, and the workload whose agents dial them. */
    public record Route(IpNetwork network, String workload) {}

    private record Seen(ClusterNetwork network, List<Route> routes) {}

    private final List<ProxyVia> asked;
    private final List<IpNetwork> also;
    private final Supplier<ClusterNetwork> cluster;
    private volatile Seen seen;

    /**
     * @param also what the user says lies behind the cluster
     * @param cluster what the cluster tells of itself now; must not block
     */
    public ViaRoutes(List<ProxyVia> asked, List<IpNetwork> also, Supplier<ClusterNetwork> cluster) {
        this.asked = List.copyOf(asked);
        this.also = List.copyOf(also);
        this.cluster = cluster;
        this.seen = see(cluster.get());
    }

    /** What the user asked for. */
    public List<ProxyVia> asked() {
        return asked;
    }

    /** The workload whose agents alone may dial an address; empty: whoever can. */
    public Optional<String> workload(InetAddress destination) {
        return routes().stream()
                .filter(route -> route.network().contains(destination))
                .map(Route::workload)
                .findFirst();
    }

    /** Every network once, a smaller one before one around it. */
    public List<Route> routes() {
        ClusterNetwork now = cluster.get();
        Seen last = seen;
        if (!last.network().equals(now)) {
            last = see(now);
            seen = last;
        }
        return last.routes();
    }

    /** The networks that one of those that were asked for stands for now; empty before the cluster told them. */
    public List<IpNetwork> networks(ProxyVia one) {
        return networks(one.which(), seen.network());
    }

    private List<IpNetwork> networks(ProxyVia.Which which, ClusterNetwork now) {
        return switch (which) {
            case ProxyVia.Which.Addresses(IpNetwork network) -> List.of(network);
            case ProxyVia.Which.Named named ->
                switch (named) {
                    case ALSO -> also;
                    case SERVICE -> read(now.services());
                    case PODS -> read(now.pods());
                    case ALL ->
                        Stream.of(also, read(now.services()), read(now.pods()))
                                .flatMap(List::stream)
                                .distinct()
                                .toList();
                };
        };
    }

    private static List<IpNetwork> read(List<String> texts) {
        return texts.stream().flatMap(each -> IpNetwork.parse(each).stream()).toList();
    }

    /** Of one network the more exact word counts: itself before the name of its kind, and that before all. */
    private Seen see(ClusterNetwork now) {
        List<ProxyVia> exactFirst = new ArrayList<>(asked);
        exactFirst.sort(Comparator.comparing(ViaRoutes::vagueness));
        Map<IpNetwork, Route> routes = new LinkedHashMap<>();
        for (ProxyVia one : exactFirst) {
            networks(one.which(), now)
                    .forEach(network -> routes.putIfAbsent(network, new Route(network, one.workload())));
        }
        return new Seen(
                now,
                routes.values().stream()
                        .sorted(Comparator.comparing(
                                (Route route) -> -route.network().prefix()))
                        .toList());
    }

    private static int vagueness(ProxyVia one) {
        return switch (one.which()) {
            case ProxyVia.Which.Addresses addresses -> 0;
            case ProxyVia.Which.Named named -> named == ProxyVia.Which.Named.ALL ? 2 : 1;
        };
    }
}
