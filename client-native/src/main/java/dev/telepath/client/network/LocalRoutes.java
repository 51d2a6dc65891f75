package dev.telepath.client.network;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;

/** The networks that this machine has routes to, as Linux shows them in /proc/net; the default route is none of them. */
public final class LocalRoutes {
    private static final Path IPV4 = Path.of("/proc/net/route");
    private static final Path IPV6 = Path.of("/proc/net/ipv6_route");
    private static final int IPV4_FIELDS = 8;
    private static final int IPV6_FIELDS = 10;

    private LocalRoutes() {}

    /**
     * Those of now. Reads files.
     *
     * @param counts which devices count
     * @return empty where the system does not show them
     */
    public static List<IpNetwork> read(Predicate<String> counts) {
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
            InetAddress network = InetAddress.getByAddress(address);
            boolean everywhere = network.isLoopbackAddress()
                    || network.isLinkLocalAddress()
                    || network.isMulticastAddress()
                    || prefix == 0;
            if (!everywhere) {
                found.add(new IpNetwork(network, prefix));
            }
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }
}
