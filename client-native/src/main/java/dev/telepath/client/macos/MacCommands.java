package dev.telepath.client.macos;

import dev.telepath.client.network.InterfaceAddress;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.platform.SystemTool;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Command lines of ifconfig(8) and route(8) of macOS, and what their output means. No argument is a text of anybody. Pure. */
public final class MacCommands {
    private static final String IFCONFIG = "/sbin/ifconfig";
    private static final String ROUTE = "/sbin/route";
    private static final Pattern DEVICE = Pattern.compile("utun[0-9]{1,4}");
    /** What route says of a change that it made; behind another colon it says why it made none. */
    private static final Pattern ROUTED = Pattern.compile("(add|delete) (net|host) [^ ]+?(: gateway [^ ]+)?");

    private MacCommands() {}

    /**
     * Gives a device its address of IPv4 and brings it up. Both ends of the link have the address; the network around it is led to the device
     * as any other is.
     */
    public static List<String> address4(String device, InterfaceAddress address, int mtu) {
        String text = address.address().getHostAddress();
        return List.of(
                IFCONFIG, known(device), "inet", text, text, "netmask", "255.255.255.255", "mtu", "" + mtu, "up");
    }

    /** Gives a device its address of IPv6, and leads the network around it there. */
    public static List<String> address6(String device, InterfaceAddress address) {
        return List.of(
                IFCONFIG,
                known(device),
                "inet6",
                address.address().getHostAddress(),
                "prefixlen",
                "" + address.prefix(),
                "alias");
    }

    /** Leads a network to a device. */
    public static List<String> add(String device, IpNetwork network) {
        return route("add", device, network);
    }

    /** Takes that away. */
    public static List<String> delete(String device, IpNetwork network) {
        return route("delete", device, network);
    }

    private static List<String> route(String what, String device, IpNetwork network) {
        String family = network.isIpv4() ? "-inet" : "-inet6";
        return List.of(ROUTE, "-n", what, family, "-net", network.toString(), "-interface", known(device));
    }

    private static String known(String device) {
        if (!DEVICE.matcher(device).matches()) {
            throw new IllegalArgumentException(device + " is no utun");
        }
        return device;
    }

    /**
     * Why a program did not do what it was told.
     *
     * @return empty where it did
     */
    public static Optional<String> failure(List<String> line, SystemTool.Outcome outcome) {
        String said = String.join("; ", outcome.output().strip().lines().toList());
        // Some versions of route end with 0 whatever happened.
        boolean done = outcome.exit() == 0
                && (!line.getFirst().equals(ROUTE) || ROUTED.matcher(said).matches());
        return done
                ? Optional.empty()
                : Optional.of(said.isEmpty() ? line.getFirst() + " ended with " + outcome.exit() : said);
    }
}
