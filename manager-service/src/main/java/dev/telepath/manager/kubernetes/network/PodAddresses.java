package dev.telepath.manager.kubernetes.network;

import dev.telepath.manager.network.Subnet;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Networks around the addresses that pods have: as small as may be, so that nothing else is routed to the cluster. Knows
 * addresses by the pod's id. Thread-safe.
 */
final class PodAddresses {
    /** More networks than this are joined to wider ones. */
    static final int MOST = 64;
    /** A block of addresses that network plug-ins hand to a node is hardly ever smaller, or wider. */
    private static final int[] IPV4 = {24, 20, 16, 12, 8};

    private static final int[] IPV6 = {64, 56, 48, 32, 16};

    private final Map<String, List<InetAddress>> known = new ConcurrentHashMap<>();

    /**
     * @return whether that pod had other ones
     */
    boolean put(String pod, List<InetAddress> addresses) {
        List<InetAddress> before = addresses.isEmpty() ? known.remove(pod) : known.put(pod, addresses);
        return !addresses.equals(before == null ? List.of() : before);
    }

    void remove(String pod) {
        known.remove(pod);
    }

    /** Sorted by address. */
    List<Subnet> networks() {
        Map<Integer, List<InetAddress>> families = known.values().stream()
                .flatMap(Collection::stream)
                .collect(Collectors.groupingBy(one -> one.getAddress().length, TreeMap::new, Collectors.toList()));
        return families.entrySet().stream()
                .flatMap(family -> around(family.getValue(), family.getKey() == 4 ? IPV4 : IPV6).stream())
                .toList();
    }

    private static Collection<Subnet> around(List<InetAddress> addresses, int[] prefixes) {
        for (int prefix : prefixes) {
            Collection<Subnet> found = addresses.stream()
                    .map(one -> new Subnet(one, prefix))
                    .collect(Collectors.toMap(Subnet::toString, Function.identity(), (a, b) -> a, TreeMap::new))
                    .values();
            if (found.size() <= MOST) {
                return found;
            }
        }
        return Subnet.common(addresses);
    }
}
