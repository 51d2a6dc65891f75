package dev.telepath.client.session;

import java.net.InetAddress;
import java.util.Collection;

/**
 * Keeps the connection to the manager out of the networks that this program leads to itself: by its own device it would go round in a
 * circle.
 */
@FunctionalInterface
public interface Bypass {
    /**
     * Leaves the ways to these addresses to the machine, instead of those of before. Blocks.
     *
     * @param addresses that are dialled next, a handful at most; none = not known, those of before stay
     */
    void leave(Collection<InetAddress> addresses);
}
