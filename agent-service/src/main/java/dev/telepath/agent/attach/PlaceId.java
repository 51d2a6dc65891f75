package dev.telepath.agent.attach;

import dev.telepath.agent.settings.GuardedPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * What stands in for a pod's uid outside of Kubernetes: the same for an agent that is started again at the same ports of the same
 * machine, so that it takes the place of the one that was killed, and another for any two that run at one time.
 */
public final class PlaceId {
    private static final Logger LOG = Logger.getLogger(PlaceId.class);
    private static final Path MACHINE = Path.of("/etc/machine-id");
    private static final Path NETWORK = Path.of("/proc/self/ns/net");

    private PlaceId() {}

    /**
     * Of this process. Reads files and asks the system; blocks shortly.
     *
     * @param host what its ports listen on
     * @param ports that it listens on, each a number of its own on this machine
     * @return empty without a port, since nothing tells it from another one then
     */
    public static Optional<String> here(String workload, String host, List<GuardedPort> ports) {
        if (ports.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(of(machine(), workload, host, ports));
        } catch (IOException e) {
            LOG.debugf("this machine cannot be told from others, so a restarted agent is a new one cause=\"%s\"", e);
            return Optional.empty();
        }
    }

    static String of(List<String> machine, String workload, String host, List<GuardedPort> ports) {
        var parts = new ArrayList<>(machine);
        parts.add(workload);
        parts.add(host);
        ports.forEach(port -> parts.add(String.valueOf(port)));
        return UUID.nameUUIDFromBytes(String.join("\n", parts).getBytes(StandardCharsets.UTF_8))
                .toString();
    }

    /** Copies of one machine have its id, containers of one host its hardware addresses at times: so all that tells apart. */
    private static List<String> machine() throws IOException {
        var parts = new ArrayList<String>();
        parts.add(
                Files.isReadable(MACHINE)
                        ? Files.readString(MACHINE).strip()
                        : InetAddress.getLocalHost().getHostName());
        if (Files.exists(NETWORK)) {
            parts.add(Files.readSymbolicLink(NETWORK).toString());
        }
        var addresses = new ArrayList<String>();
        for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            byte[] hardware = each.isVirtual() ? null : each.getHardwareAddress();
            if (hardware != null) {
                addresses.add(HexFormat.of().formatHex(hardware));
            }
        }
        Collections.sort(addresses);
        parts.addAll(addresses);
        return parts;
    }
}
