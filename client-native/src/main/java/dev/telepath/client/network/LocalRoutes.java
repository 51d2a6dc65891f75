package dev.telepath.client.network;

import dev.telepath.client.platform.Platform;
import dev.telepath.client.platform.SystemTool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;

/**
 * The networks that this machine has routes to, as Linux shows them in /proc/net and macOS by netstat(1); the default route is none of
 * them.
 */
public final class LocalRoutes {
    private static final Path IPV4 = Path.of("/proc/net/route");
    private static final String BROADCAST = "255.255.255.255/32";
    private static final Path IPV6 = Path.of("/proc/net/ipv6_route");
    private static final List<String> NETSTAT = List.of("/usr/sbin/netstat", "-rn");
    private static final int IPV4_FIELDS = 8;
    private static final int IPV6_FIELDS = 10;

    private LocalRoutes() {}

    /**
     * Those of now. Reads files, or asks a program of the system; blocks.
     *
     * @param counts which devices count
     * @return empty where the system does not show them
     */
    public static List<IpNetwork> read(Predicate<String> counts) {
        return switch (Platform.current()) {
            case LINUX -> proc(counts);
            case MACOS -> netstat(counts);
            case OTHER -> List.of();
        };
    }

    private static List<IpNetwork> netstat(Predicate<String> counts) {
        try {
            return NetstatRoutes.parse(SystemTool.child(NETSTAT).output(), counts).stream()
                    .filter(LocalRoutes::isSomewhere)
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static List<IpNetwork> proc(Predicate<String> counts) {
        List<IpNetwork> found = new ArrayList<>();
        for (String line : lines(IPV4)) {
            String[] fields = line.strip().split("\\s+");
            if (fields.length >= IPV4_FIELDS && !fields[0].equals("Iface") && counts.test(fields[0])) {
                add(found, swapped(fields[1]), Integer.bitCount(Integer.parseUnsignedInt(fields[7], 16)));
            }
        }
        for (String line : lines(IPV6)) {
            String[] fields = line.strip().split("\\s+");
            if (fields.length >= IPV6_FIELDS && counts.test(fields[9])) {
                add(found, HexFormat.of().parseHex(fields[0]), Integer.parseInt(fields[1], 16));
            }
        }
        return List.copyOf(found);
    }

    /** The kernel writes the number as the machine has it, low byte first. */
    private static byte[] swapped(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        return new byte[] {bytes[3], bytes[2], bytes[1], bytes[0]};
    }

    private static void add(List<IpNetwork> found, byte[] address, int prefix) {
        try {
            var network = new IpNetwork(InetAddress.getByAddress(address), prefix);
            if (isSomewhere(network)) {
                found.add(network);
            }
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    /** Whether it is one network among others, and not the same on every machine. */
    static boolean isSomewhere(IpNetwork network) {
        InetAddress first = network.address();
        return !first.isLoopbackAddress()
                && !first.isLinkLocalAddress()
                && !first.isMulticastAddress()
                && network.prefix() > 0
                && !network.toString().equals(BROADCAST);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
