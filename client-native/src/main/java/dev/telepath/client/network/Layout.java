package dev.telepath.client.network;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How the cluster's networks lie on this machine: as they are, or, where it has routes to the same addresses itself, as others.
 * Pure.
 *
 * @param routes what has to lead to the device
 * @param mapped networks of the cluster, and what they are shown as
 * @param hidden networks of the cluster that collide and could not be shown as others
 */
public record Layout(List<IpNetwork> routes, Map<IpNetwork, IpNetwork> mapped, List<IpNetwork> hidden) {
    public Layout {
        routes = List.copyOf(routes);
        mapped = Map.copyOf(mapped);
        hidden = List.copyOf(hidden);
    }

    /**
     * @param cluster its networks
     * @param never those that stay this machine's
     * @param local those that this machine has routes to
     * @param allowed networks of the cluster that are led to the device though they collide: the narrower route has it
     * @param before what was mapped until now, and stays so where it still has to be
     * @param virtual where networks to show are taken from; nothing else uses it
     */
    public static Layout of(
            List<IpNetwork> cluster,
            List<IpNetwork> never,
            List<IpNetwork> local,
            List<IpNetwork> allowed,
            Map<IpNetwork, IpNetwork> before,
            IpNetwork virtual) {
        List<IpNetwork> routes = new ArrayList<>();
        Map<IpNetwork, IpNetwork> mapped = new LinkedHashMap<>();
        List<IpNetwork> hidden = new ArrayList<>();
        List<IpNetwork> taken = new ArrayList<>(before.values());
        for (IpNetwork network : cluster) {
            boolean collides = local.stream().anyMatch(network::overlaps)
                    && allowed.stream().noneMatch(one -> one.overlaps(network));
            if (!collides) {
                routes.addAll(without(network, never));
                continue;
            }
            Optional<IpNetwork> shown =
                    Optional.ofNullable(before.get(network)).or(() -> free(network, virtual, taken));
            shown.ifPresentOrElse(
                    other -> {
                        taken.add(other);
                        mapped.put(network, other);
                        routes.add(other);
                    },
                    () -> hidden.add(network));
        }
        return new Layout(routes.stream().distinct().toList(), mapped, hidden);
    }

    /** A network but for others, in as few pieces as there can be. */
    static List<IpNetwork> without(IpNetwork network, List<IpNetwork> others) {
        if (others.stream().noneMatch(network::overlaps)) {
            return List.of(network);
        }
        if (others.stream().anyMatch(other -> other.prefix() <= network.prefix() && other.overlaps(network))) {
            return List.of();
        }
        List<IpNetwork> pieces = new ArrayList<>();
        for (IpNetwork half : network.halves()) {
            pieces.addAll(without(half, others));
        }
        return pieces;
    }

    private static Optional<IpNetwork> free(IpNetwork network, IpNetwork virtual, List<IpNetwork> taken) {
        if (network.isIpv4() != virtual.isIpv4() || network.prefix() <= virtual.prefix()) {
            return Optional.empty();
        }
        int free = network.prefix() - virtual.prefix();
        long places = free > 30 ? 1L << 30 : 1L << free;
        for (int place = 0; place < places; place++) {
            IpNetwork candidate = virtual.part(place, network.prefix());
            if (taken.stream().noneMatch(candidate::overlaps)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }
}
