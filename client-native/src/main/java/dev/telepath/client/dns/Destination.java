package dev.telepath.client.dns;

import java.net.InetAddress;

/** Who answers for a name. */
sealed interface Destination {
    /**
     * The cluster.
     *
     * @param name what it is asked for, in lower case, without the last dot; answered under the name that was asked here
     * @param elsewhere whether it may as well be another's name, so that this machine's servers are asked where the cluster does
     *     not know it
     */
    record Cluster(String name, boolean elsewhere) implements Destination {}

    /** Nobody: the settings say its address. */
    record Fixed(InetAddress address) implements Destination {}

    /** The machine's own name servers. */
    record Other() implements Destination {}
}
