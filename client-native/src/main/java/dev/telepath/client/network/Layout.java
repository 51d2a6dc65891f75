package dev.telepath.client.network;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How the cluster's networks lie on this machine: as they are, or as others, where it has routes to the same addresses itself or where
 * that is wanted. Pure.
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
     * What is to be laid out.
     *
     * @param cluster its networks
     * @param shown networks that are shown as others whether they collide or not; they need be none of the cluster's
     * @param never those that stay this machine's
     * @param allowed networks of the cluster that are led to the device though they collide: the narrower route has it
     * @param virtual where networks to show are taken from, one of either family; nothing else uses them
     */
    public record Plan(
            List<IpNetwork> cluster,
            List<IpNetwork> shown,
            List<IpNetwork> never,
            List<IpNetwork> allowed,
            List<IpNetwork> virtual) {
        public Plan {
            cluster = List.copyOf(cluster);
            shown = List.copyOf(shown);
            never = List.copyOf(never);
            allowed = List.copyOf(allowed);
            virtual = List.copyOf(virtual);
        }

        /** The one of that family, where networks of such a size can be taken from it. */
        private Optional<IpNetwork> virtualOf(IpNetwork network) {
            return virtual.stream()
                    .filter(each -> each.isIpv4() == network.isIpv4() && each.prefix() <= network.prefix())
                    .findFirst();
        }
    }

    /**
     * @param local networks that this machine has routes to
     * @param before what was mapped until now, and stays so where it still has to be and can
     */
    public static Layout of(Plan plan, List<IpNetwork> local, Map<IpNetwork, IpNetwork> before) {
        Set<IpNetwork> routes = new LinkedHashSet<>();
        Map<IpNetwork, IpNetwork> mapped = new LinkedHashMap<>();
        List<IpNetwork> hidden = new ArrayList<>();
        List<IpNetwork> taken = new ArrayList<>(local);
        taken.addAll(plan.cluster());
        taken.addAll(plan.shown());
        taken.addAll(plan.never());
        List<IpNetwork> used = new ArrayList<>(before.values());
        Set<IpNetwork> all = new LinkedHashSet<>(plan.cluster());
        all.addAll(plan.shown());
        for (IpNetwork network : all) {
            boolean collides = local.stream().anyMatch(network::overlaps)
                    && plan.allowed().stream().noneMatch(one -> one.overlaps(network));
            boolean reached = !collides && isRouted(network.address());
            if (reached && routes.stream().noneMatch(around -> isWithin(network, around))) {
                routes.addAll(without(network, plan.never()));
            }
            if (reached && !plan.shown().contains(network)) {
                continue;
            }
            Optional<IpNetwork> other = plan.virtualOf(network)
                    .flatMap(virtual -> Optional.ofNullable(before.get(network))
                            .filter(had -> isWithin(had, virtual) && isFree(had, virtual, taken))
                            .or(() -> free(virtual, network.prefix(), narrower(virtual, taken, used))));
            other.ifPresent(as -> {
                used.add(as);
                mapped.put(network, as);
                routes.add(as);
            });
            if (other.isEmpty() && !reached) {
                hidden.add(network);
            }
        }
        return new Layout(List.copyOf(routes), mapped, hidden);
    }

    /** Whether this machine would send anything there by a route: loopback addresses are its own, and some are of one link. */
    private static boolean isRouted(InetAddress address) {
        return !address.isLoopbackAddress() && !address.isLinkLocalAddress() && !address.isAnyLocalAddress();
    }

    private static boolean isWithin(IpNetwork inner, IpNetwork outer) {
        return inner.prefix() >= outer.prefix() && outer.contains(inner.address());
    }

    private static boolean isFree(IpNetwork network, IpNetwork virtual, List<IpNetwork> taken) {
        return narrower(virtual, taken, List.of()).stream().noneMatch(network::overlaps);
    }

    /** What is in the way: a route that is as wide as all of the virtual addresses is no use of theirs, and ours go first. */
    private static List<IpNetwork> narrower(IpNetwork virtual, List<IpNetwork> taken, List<IpNetwork> used) {
        List<IpNetwork> all = new ArrayList<>(used);
        taken.stream().filter(each -> !isWithin(virtual, each)).forEach(all::add);
        return all;
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

    /** The first network of a prefix within another that overlaps none of those taken. */
    private static Optional<IpNetwork> free(IpNetwork within, int prefix, List<IpNetwork> taken) {
        List<IpNetwork> here = taken.stream().filter(within::overlaps).toList();
        if (here.isEmpty()) {
            return Optional.of(within.part(0, prefix));
        }
        if (within.prefix() == prefix || here.stream().anyMatch(each -> isWithin(within, each))) {
            return Optional.empty();
        }
        return within.halves().stream()
                .flatMap(half -> free(half, prefix, here).stream())
                .findFirst();
    }
}
