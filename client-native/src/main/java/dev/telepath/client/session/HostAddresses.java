package dev.telepath.client.session;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** The addresses of a host, as this machine's resolver has them. */
public final class HostAddresses {
    private HostAddresses() {}

    /**
     * Those of now. Blocks where it is a name.
     *
     * @return none where the name is unknown: who dials it next is told so
     */
    public static List<InetAddress> of(String host) {
        try {
            return List.of(InetAddress.getAllByName(host));
        } catch (UnknownHostException e) {
            return List.of();
        }
    }
}
