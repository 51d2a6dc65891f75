package dev.telepath.agent.attach;

import dev.telepath.tunnel.transport.ManagerAddress;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What one attempt needs that blocks to find out: the join token, and which of this machine's addresses the manager
 * sees.
 *
 * @param pin fingerprint of the manager's CA; empty for a clear-text manager
 * @param bearer the token of the moment, secret; empty for a clear-text manager
 * @param ownAddress told to the manager
 */
record Approach(Optional<String> pin, Supplier<String> bearer, InetAddress ownAddress) {

    /**
     * Blocks on files and name resolution.
     *
     * @throws IOException when the manager's name is unknown or the token file cannot be read
     * @throws IllegalArgumentException when the token is damaged or missing
     */
    static Approach find(ManagerAddress manager, Optional<TokenFile> tokenFile, Optional<String> address)
            throws IOException {
        Optional<String> pin = Optional.empty();
        Supplier<String> bearer = () -> "";
        if (!manager.plaintext()) {
            TokenFile file = tokenFile.orElseThrow(
                    () -> new IllegalArgumentException("--token-file is needed to attach to " + manager));
            pin = Optional.of(file.read().caFingerprint());
            bearer = file::bearer;
        }
        InetAddress own = address.isPresent() ? InetAddress.getByName(address.get()) : towards(manager);
        return new Approach(pin, bearer, own);
    }

    /** Connecting a datagram socket sends nothing, but makes the system choose the address of the route. */
    private static InetAddress towards(ManagerAddress manager) throws IOException {
        InetAddress there = InetAddress.getByName(manager.host());
        if (there.isLoopbackAddress()) {
            return there;
        }
        try (var probe = new DatagramSocket()) {
            probe.connect(new InetSocketAddress(there, manager.port()));
            return probe.getLocalAddress();
        }
    }
}
