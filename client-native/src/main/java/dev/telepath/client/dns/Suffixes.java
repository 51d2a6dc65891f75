package dev.telepath.client.dns;

import dev.telepath.client.network.IpNetwork;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ReverseName;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The cluster's names by their suffixes, for a resolver that knows nothing but suffixes: all that {@link ClusterNames} sends to the
 * cluster end in one of these, and a few others do. Pure.
 *
 * @param search domains that a short name is completed with
 * @param routed domains under which names belong to the cluster
 */
public record Suffixes(List<String> search, List<String> routed) {
    /** A network of a prefix that lies badly would have up to 128 reverse zones; nobody misses these. */
    private static final int MOST_ZONES = 16;
    /** A name that no setting speaks of. */
    private static final String ANY = "tp-any.";

    private static final int V4_LABEL = 8;
    private static final int V6_LABEL = 4;

    public Suffixes {
        search = List.copyOf(search);
        routed = List.copyOf(routed);
    }

    static Suffixes of(DnsSettings settings, ClusterNames names, Translation translation) {
        ClusterNames.View view = names.view();
        Set<String> candidates = new LinkedHashSet<>(List.of(view.domain(), "svc"));
        candidates.addAll(settings.include());
        candidates.addAll(view.namespaces().stream().sorted().toList());
        List<String> routed = new ArrayList<>(candidates.stream()
                .filter(one -> !one.isEmpty() && isOfCluster(names, ANY + one, translation))
                .toList());
        // A mapped name without a dot is a short one, which is completed.
        settings.mappings().keySet().stream()
                .filter(one -> one.indexOf('.') > 0 && isOfCluster(names, one, translation))
                .sorted()
                .forEach(routed::add);
        view.networks().forEach(network -> routed.addAll(zones(network, names, translation)));
        String completing = view.namespace() + ".svc." + view.domain();
        boolean completes = !view.namespace().isEmpty() && isOfCluster(names, ANY + completing, translation);
        return new Suffixes(
                completes ? List.of(completing) : List.of(),
                routed.stream().distinct().toList());
    }

    private static boolean isOfCluster(ClusterNames names, String name, Translation translation) {
        return !(names.of(name, RecordType.A, translation) instanceof Destination.Other);
    }

    /** The reverse names of a network's addresses as they are shown here. */
    private static List<String> zones(IpNetwork network, ClusterNames names, Translation translation) {
        var shown = new IpNetwork(translation.shown(network.address()), network.prefix());
        int label = shown.isIpv4() ? V4_LABEL : V6_LABEL;
        int labels = (shown.prefix() + label - 1) / label;
        int count = 1 << (labels * label - shown.prefix());
        if (labels == 0 || count > MOST_ZONES || !isOfCluster(names, ReverseName.of(shown.address()), translation)) {
            return List.of();
        }
        List<String> zones = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = ReverseName.of(shown.part(i, labels * label).address());
            for (int below = shown.address().getAddress().length * 8 / label; below > labels; below--) {
                name = name.substring(name.indexOf('.') + 1);
            }
            zones.add(name);
        }
        return zones;
    }
}
