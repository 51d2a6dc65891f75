package dev.telepath.manager.direct;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.tunnel.direct.TicketKey;
import io.grpc.Status;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Where an agent listens, and how a client that is sent there is known.
 *
 * @param address 4 or 16 bytes, of one machine
 * @param port 1 to 65535
 * @param fingerprint SHA-256 of the agent's certificate, 32 bytes
 * @param key secret
 * @param loopbackPort for port-forwards to the agent's pod, 1 to 65535; 0 = none
 * @param dials whether it takes streams that clients open
 */
record Listener(ByteString address, int port, ByteString fingerprint, TicketKey key, int loopbackPort, boolean dials) {
    private static final int SHA_256 = 32;
    private static final ByteString BROADCAST = ByteString.copyFrom(new byte[] {-1, -1, -1, -1});

    /**
     * What an agent has told, checked. Messages of failures have nothing of the key.
     *
     * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT when a field is not as it has to be
     */
    static Listener of(AgentListener told) {
        if (told.getPort() < 1 || told.getPort() > 65535) {
            throw invalid("port " + told.getPort() + " is out of range (1 to 65535, or 0 for none)");
        }
        if (told.getLoopbackPort() < 0 || told.getLoopbackPort() > 65535) {
            throw invalid(
                    "port " + told.getLoopbackPort() + " of the loopback is out of range (1 to 65535, or 0 for none)");
        }
        int fingerprint = told.getFingerprint().size();
        if (fingerprint != SHA_256) {
            throw invalid("a fingerprint has " + SHA_256 + " bytes, not " + fingerprint);
        }
        return new Listener(
                unicast(told.getAddress()),
                told.getPort(),
                told.getFingerprint(),
                key(told.getTicketKey()),
                told.getLoopbackPort(),
                told.getDials());
    }

    /** The address in its shortest form. */
    private static ByteString unicast(ByteString bytes) {
        InetAddress address;
        try {
            address = InetAddress.getByAddress(bytes.toByteArray());
        } catch (UnknownHostException e) {
            throw invalid("an address has 4 or 16 bytes, not " + bytes.size());
        }
        ByteString shortest = ByteString.copyFrom(address.getAddress());
        if (address.isAnyLocalAddress() || address.isMulticastAddress() || shortest.equals(BROADCAST)) {
            throw invalid("address " + address.getHostAddress() + " is not that of one machine");
        }
        return shortest;
    }

    private static TicketKey key(ByteString secret) {
        try {
            return TicketKey.of(secret);
        } catch (IllegalArgumentException e) {
            throw invalid(String.valueOf(e.getMessage()));
        }
    }

    private static RuntimeException invalid(String why) {
        return Status.INVALID_ARGUMENT.withDescription(why).asRuntimeException();
    }
}
