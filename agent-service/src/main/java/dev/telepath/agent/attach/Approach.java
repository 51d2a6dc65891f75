package dev.telepath.agent.attach;

import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What one attempt needs that blocks to find out: the join token, and which of this machine's addresses the manager
 * sees.
 *
 * @param token empty for a clear-text manager
 * @param ownAddress told to the manager
 */
record Approach(Optional<JoinToken> token, InetAddress ownAddress) {

    /**
     * Blocks on files and name resolution.
     *
     * @throws IOException when the manager's name is unknown or the token file cannot be read
     * @throws IllegalArgumentException when the token is damaged or missing
     */
    static Approach find(ManagerAddress manager, Optional<Path> tokenFile, Optional<String> address)
            throws IOException {
        Optional<JoinToken> token = Optional.empty();
        if (!manager.plaintext()) {
            Path file = tokenFile.orElseThrow(
                    () -> new IllegalArgumentException("--token-file is needed to attach to " + manager));
            try {
                token = Optional.of(JoinToken.parse(Files.readString(file)));
            } catch (IOException e) {
                throw new IOException("token file " + file + " cannot be read: " + e, e);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("token file " + file + ": " + e.getMessage(), e);
            }
        }
        return new Approach(token, address.isPresent() ? InetAddress.getByName(address.get()) : towards(manager));
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
