package dev.telepath.client.daemon;

import dev.telepath.dns.HostServers;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/** Whom this machine's programs ask for names. Reads files; thread-safe. */
final class MachineResolver {
    private final InetAddress ours;
    private final Path resolvConf;
    private final Path resolved;

    /**
     * @param ours the device's name server, which is none of this machine's
     */
    MachineResolver(InetAddress ours) {
        this(ours, HostServers.RESOLV_CONF, HostServers.RESOLVED);
    }

    /** The same by other files. */
    MachineResolver(InetAddress ours, Path resolvConf, Path resolved) {
        this.ours = ours;
        this.resolvConf = resolvConf;
        this.resolved = resolved;
    }

    /** As it is now, where systemd-resolved stands in between as that asks, and without the device's name server. */
    HostServers now() {
        HostServers all = HostServers.read(resolvConf, resolved);
        return new HostServers(
                all.servers().stream()
                        .filter(one -> !one.getAddress().equals(ours))
                        .toList(),
                all.search(),
                all.ndots());
    }

    /** Where systemd-resolved takes programs' questions; empty where they ask anybody else. */
    Optional<InetAddress> stub() {
        HostServers asked = HostServers.read(resolvConf);
        return asked.areResolved()
                ? asked.servers().stream().map(InetSocketAddress::getAddress).findFirst()
                : Optional.empty();
    }

    /** Whether systemd-resolved completes short names with a domain. Servers of one that is no default are not listed. */
    boolean completesWith(String domain) {
        return HostServers.read(resolved).search().contains(domain);
    }
}
