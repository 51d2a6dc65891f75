package dev.telepath.client.direct;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.DirectAgent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * An agent as the manager lists it.
 *
 * @param session the agent's
 * @param address resolved
 * @param fingerprint SHA-256 of its certificate, 64 hexadecimal digits
 * @param ticket secret
 */
record ListedAgent(String session, String workload, InetSocketAddress address, String fingerprint, ByteString ticket) {
    private static final int SHA_256 = 32;

    /** Empty where something is said that cannot be. */
    static Optional<ListedAgent> of(DirectAgent told) {
        int port = told.getPort();
        if (told.getSessionId().isEmpty()
                || port < 1
                || port > 65_535
                || told.getFingerprint().size() != SHA_256) {
            return Optional.empty();
        }
        try {
            InetAddress address = InetAddress.getByAddress(told.getAddress().toByteArray());
            return address.isAnyLocalAddress() || address.isMulticastAddress()
                    ? Optional.empty()
                    : Optional.of(new ListedAgent(
                            told.getSessionId(),
                            told.getWorkload(),
                            new InetSocketAddress(address, port),
                            HexFormat.of().formatHex(told.getFingerprint().toByteArray()),
                            told.getTicket()));
        } catch (UnknownHostException neither4Nor16Bytes) {
            return Optional.empty();
        }
    }

    /** Whether a connection to the other is one to this. */
    boolean isAt(ListedAgent other) {
        return session.equals(other.session) && address.equals(other.address) && fingerprint.equals(other.fingerprint);
    }

    /** Its address and port, for people. */
    String where() {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    /** Never the ticket. */
    @Override
    public String toString() {
        return "ListedAgent[session=" + session + ", workload=" + workload + ", address=" + where() + "]";
    }
}
