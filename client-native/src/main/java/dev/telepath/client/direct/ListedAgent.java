package dev.telepath.client.direct;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.DirectAgent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An agent as the manager lists it.
 *
 * @param session the agent's
 * @param address resolved
 * @param fingerprint SHA-256 of its certificate, 64 hexadecimal digits
 * @param ticket secret
 * @param pod its pod and the port there, where ports can be forwarded to
 * @param dials whether it takes streams of this client's too
 */
record ListedAgent(
        String session,
        String workload,
        InetSocketAddress address,
        String fingerprint,
        ByteString ticket,
        Optional<PodPort> pod,
        boolean dials) {
    private static final int SHA_256 = 32;
    private static final int MOST_PORT = 65_535;
    /** RFC 1123, as Kubernetes has names of pods, at most 253 characters, and of namespaces, 63. */
    private static final Pattern POD = Pattern.compile("[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?");

    private static final Pattern NAMESPACE = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    /**
     * A port of a pod's loopback.
     *
     * @param namespace and
     * @param pod are names that mean nothing else in a path
     */
    record PodPort(String namespace, String pod, int port) {
        private static Optional<PodPort> of(DirectAgent told) {
            return isPort(told.getLoopbackPort())
                            && POD.matcher(told.getPod()).matches()
                            && NAMESPACE.matcher(told.getNamespace()).matches()
                    ? Optional.of(new PodPort(told.getNamespace(), told.getPod(), told.getLoopbackPort()))
                    : Optional.empty();
        }
    }

    private static boolean isPort(int port) {
        return port >= 1 && port <= MOST_PORT;
    }

    /** Empty where something is said that cannot be. */
    static Optional<ListedAgent> of(DirectAgent told) {
        int port = told.getPort();
        if (told.getSessionId().isEmpty()
                || !isPort(port)
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
                            told.getTicket(),
                            PodPort.of(told),
                            told.getDials()));
        } catch (UnknownHostException neither4Nor16Bytes) {
            return Optional.empty();
        }
    }

    /** Whether a connection to the other is one to this. */
    boolean isAt(ListedAgent other) {
        return session.equals(other.session)
                && address.equals(other.address)
                && fingerprint.equals(other.fingerprint)
                && pod.equals(other.pod);
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
