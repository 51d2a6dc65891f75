package dev.telepath.client.dns;

import java.net.InetAddress;
import java.util.Optional;

/** Addresses that have their first bits in common. */
record Network(InetAddress address, int prefix) {
    /** Reads {@code ADDRESS/PREFIX}; empty when it is none. */
    static Optional<Network> of(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return Optional.empty();
        }
        try {
            int prefix = Integer.parseInt(text.substring(slash + 1));
            return HostServers.address(text.substring(0, slash))
                    .filter(address -> prefix >= 0 && prefix <= address.getAddress().length * 8)
                    .map(address -> new Network(address, prefix));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    boolean contains(InetAddress other) {
        byte[] mine = address.getAddress();
        byte[] its = other.getAddress();
        if (mine.length != its.length) {
            return false;
        }
        for (int bit = 0; bit < prefix; bit++) {
            int mask = 0x80 >> bit % 8;
            if ((mine[bit / 8] & mask) != (its[bit / 8] & mask)) {
                return false;
            }
        }
        return true;
    }
}
