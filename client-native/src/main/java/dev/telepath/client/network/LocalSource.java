package dev.telepath.client.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Optional;

/** The address of its own that this machine sends from, which tells by which interface a destination is reached. */
public final class LocalSource {
    /** Discard (RFC 863). Nothing is sent there: a datagram socket only looks the route up. */
    private static final int ANY_PORT = 9;

    private LocalSource() {}

    /** The one towards a destination; empty where this machine has no route there. */
    public static Optional<InetAddress> towards(InetAddress destination) {
        try (var socket = new DatagramSocket()) {
            socket.connect(destination, ANY_PORT);
            return Optional.of(socket.getLocalAddress()).filter(own -> !own.isAnyLocalAddress());
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }
}
