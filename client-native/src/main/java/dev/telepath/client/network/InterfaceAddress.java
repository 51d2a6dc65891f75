package dev.telepath.client.network;

import java.net.InetAddress;

/**
 * An address of an interface, and how many of its bits the network around it has in common.
 *
 * @param prefix 0 to 32, of IPv6 to 128
 */
public record InterfaceAddress(InetAddress address, int prefix) {
    @Override
    public String toString() {
        return address.getHostAddress() + "/" + prefix;
    }
}
