package dev.telepath.client.network;

import dev.telepath.dns.HostServers;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Reads what {@code netstat -rn} of macOS shows. Pure. */
final class NetstatRoutes {
    /** Routes of single addresses that the system has made itself: of neighbours, of who was reached lately; and of broadcasts. */
    private static final String NOT_ROUTED = "LWb";

    private static final int IPV4_BYTES = 4;

    private NetstatRoutes() {}

    /**
     * The networks that there are routes to, but for default routes.
     *
     * @param text all of its output; what is understood in no other way is passed over
     * @param counts which devices count
     */
    static List<IpNetwork> parse(String text, Predicate<String> counts) {
        List<IpNetwork> found = new ArrayList<>();
        int flags = -1;
        int device = -1;
        for (String line : text.lines().toList()) {
            List<String> words = Arrays.asList(line.strip().split("\\s+"));
            if (words.getFirst().equals("Destination")) {
                // Systems before macOS 11 have two columns more.
                flags = words.indexOf("Flags");
                device = words.indexOf("Netif");
            } else if (flags > 0
                    && device > flags
                    && words.size() > device
                    && counts.test(words.get(device))
                    && words.get(flags).chars().noneMatch(each -> NOT_ROUTED.indexOf(each) >= 0)) {
                network(words.getFirst()).ifPresent(found::add);
            }
        }
        return found;
    }

    /** A destination: {@code 10.1/16}, {@code 192.168.7}, {@code 10.0.0.1}, {@code fe80::%en0/64}; "default" is none. */
    static Optional<IpNetwork> network(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        int zone = address.indexOf('%');
        String literal = zone < 0 ? address : address.substring(0, zone);
        if (literal.contains(":")) {
            return network(literal, slash < 0 ? "128" : text.substring(slash + 1));
        }
        // What is left out at the end is zero; without a prefix, the octets that are there are the network.
        int octets = literal.split("\\.", -1).length;
        return octets > IPV4_BYTES
                ? Optional.empty()
                : network(
                        literal + ".0".repeat(IPV4_BYTES - octets),
                        slash < 0 ? String.valueOf(octets * 8) : text.substring(slash + 1));
    }

    private static Optional<IpNetwork> network(String literal, String prefix) {
        Optional<InetAddress> address = HostServers.address(literal);
        try {
            return address.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new IpNetwork(address.get(), Integer.parseInt(prefix)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
