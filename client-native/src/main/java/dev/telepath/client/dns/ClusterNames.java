package dev.telepath.client.dns;

import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.dns.HostServers;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ReverseName;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which names are the cluster's. Immutable, pure; docs/dns.md has its table. */
final class ClusterNames {
    /** What a cluster's domain is unless it says another. */
    static final String USUAL_DOMAIN = "cluster.local";

    private static final Destination OTHER = new Destination.Other();
    /** Types that programs ask of a host. Of a short name others are about a top-level domain: DS, DNSKEY, NS, SOA. */
    private static final Set<Integer> HOST_TYPES = Set.of(
            RecordType.A,
            RecordType.AAAA,
            RecordType.CNAME,
            RecordType.MX,
            RecordType.PTR,
            RecordType.SRV,
            RecordType.TXT,
            RecordType.HTTPS,
            RecordType.SVCB,
            RecordType.ANY);
    /** Labels of {@code pod.service.namespace}. */
    private static final int MOST_LABELS = 3;

    private final DnsSettings settings;
    private final View view;

    /**
     * What is known of the cluster.
     *
     * @param domain in lower case without dots around it
     * @param namespace where single labels are looked for
     * @param namespaces all that are known, that one among them
     * @param networks whose reverse names are the cluster's
     * @param loops include suffixes whose questions come back here, and which therefore do not count
     */
    record View(String domain, String namespace, Set<String> namespaces, List<IpNetwork> networks, Set<String> loops) {
        /** Of what the cluster tells. */
        static View of(ClusterNetwork network, String namespace, Set<String> more, Set<String> loops) {
            String said = DnsSettings.plain(network.domain());
            return new View(
                    said.isEmpty() ? USUAL_DOMAIN : said,
                    namespace,
                    Stream.concat(Stream.of(namespace), more.stream())
                            .filter(one -> !one.isEmpty())
                            .collect(Collectors.toUnmodifiableSet()),
                    Stream.concat(network.services().stream(), network.pods().stream())
                            .flatMap(one -> IpNetwork.parse(one).stream())
                            .toList(),
                    Set.copyOf(loops));
        }
    }

    ClusterNames(DnsSettings settings, View view) {
        this.settings = settings;
        this.view = view;
    }

    View view() {
        return view;
    }

    /**
     * Decides.
     *
     * @param name in lower case without the last dot; empty for the root
     * @param type number of the record type that is asked for
     */
    Destination of(String name, int type, Translation translation) {
        for (var mapping : settings.mappings().entrySet()) {
            if (is(name, mapping.getKey())) {
                return mapped(mapping.getValue());
            }
        }
        if (settings.excludes().stream().anyMatch(one -> is(name, one)) || isNeverOfCluster(name)) {
            return OTHER;
        }
        return byName(name, type, translation);
    }

    /** Whether a name is the one of the settings, alone or as programs complete it in the connected namespace. */
    private boolean is(String name, String set) {
        return name.equals(set) || name.equals(qualified(set + "." + view.namespace()));
    }

    /** What a mapped name stands for is resolved where the workloads are, unless it is an address. */
    private Destination mapped(String alias) {
        Optional<InetAddress> address = HostServers.address(alias);
        if (address.isPresent()) {
            return new Destination.Fixed(address.get());
        }
        if (isNeverOfCluster(alias)) {
            return OTHER;
        }
        String name =
                byName(alias, RecordType.A, Translation.NONE) instanceof Destination.Cluster far ? far.name() : alias;
        return new Destination.Cluster(name, false);
    }

    /** What programs look for in every network, and what names this machine itself. */
    private static boolean isNeverOfCluster(String name) {
        List<String> labels = List.of(name.split("\\.", -1));
        return name.isEmpty()
                || labels.getFirst().equals("wpad")
                || labels.contains("_dns-sd")
                || labels.getLast().equals("localhost");
    }

    private Destination byName(String name, int type, Translation translation) {
        boolean included =
                settings.include().stream().anyMatch(suffix -> !view.loops().contains(suffix) && isUnder(name, suffix));
        if (included) {
            return new Destination.Cluster(name, false);
        }
        Optional<InetAddress> reversed = ReverseName.address(name).flatMap(translation::real);
        if (reversed.isPresent() && view.networks().stream().anyMatch(network -> network.contains(reversed.get()))) {
            return new Destination.Cluster(ReverseName.of(reversed.get()), false);
        }
        int excluded = settings.exclude().stream()
                .filter(suffix -> isUnder(name, suffix))
                .mapToInt(String::length)
                .max()
                .orElse(0);
        // A cluster's domain under .com is the cluster's all the same; a suffix inside of the domain is more telling.
        if (isUnder(name, view.domain())) {
            return excluded >= view.domain().length() ? OTHER : new Destination.Cluster(name, false);
        }
        return excluded > 0 ? OTHER : byNamespace(name, type);
    }

    private Destination byNamespace(String name, int type) {
        List<String> labels = List.of(name.split("\\.", -1));
        if (labels.getLast().equals("svc")) {
            return labels.size() == 1 ? single(name, type) : new Destination.Cluster(name + "." + view.domain(), false);
        }
        if (labels.size() == 1) {
            return single(name, type);
        }
        long ofHost = labels.stream().filter(label -> !label.startsWith("_")).count();
        boolean ofNamespace = view.namespaces().contains(labels.getLast()) && ofHost >= 2 && ofHost <= MOST_LABELS;
        return ofNamespace && HOST_TYPES.contains(type) ? new Destination.Cluster(qualified(name), true) : OTHER;
    }

    private Destination single(String name, int type) {
        return HOST_TYPES.contains(type) && !view.namespace().isEmpty() && !name.startsWith("_")
                ? new Destination.Cluster(qualified(name + "." + view.namespace()), true)
                : OTHER;
    }

    private String qualified(String name) {
        return name + ".svc." + view.domain();
    }

    /** Whether a name is a suffix, or ends in it at a dot. */
    static boolean isUnder(String name, String suffix) {
        return name.endsWith(suffix)
                && (name.length() == suffix.length() || name.charAt(name.length() - suffix.length() - 1) == '.');
    }
}
