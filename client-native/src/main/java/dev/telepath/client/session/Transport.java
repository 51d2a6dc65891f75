package dev.telepath.client.session;

/** By what the connection to a manager goes. */
public sealed interface Transport {
    /** {@link #word} of each. */
    String DIRECT = "direct";

    String FORWARDED = "port-forward";

    /** As settings, metrics and JSON have it. */
    String word();

    /** Where it leads, for users. */
    String to();

    /**
     * Straight to an address.
     *
     * @param to host and port
     */
    record Direct(String to) implements Transport {
        @Override
        public String word() {
            return DIRECT;
        }
    }

    /**
     * Through the API server of a cluster.
     *
     * @param to the manager's pod
     */
    record PortForward(String to) implements Transport {
        @Override
        public String word() {
            return FORWARDED;
        }
    }
}
