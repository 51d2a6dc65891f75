package dev.telepath.tunnel.carry;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.MalformedFrame;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * From whom a stream is to where: what a manager looks at when it lets one be opened. Two streams of one place may have
 * one link after the other.
 *
 * @param initiator the session that opens it
 * @param acceptor the session that was asked for; empty: the manager's choice
 * @param workload whose agents alone may dial; empty: any
 * @param destination as {@link ConnectionId#destination} has it
 */
record Place(String initiator, String acceptor, String workload, ByteString destination) {
    /**
     * @throws MalformedFrame when the id of its connection cannot be read
     */
    static Place of(StreamFrame.Open open, String initiator) {
        return new Place(
                initiator,
                open.getAcceptorSessionId(),
                open.getViaWorkload(),
                new ConnectionId(open.getConnectionId()).destination());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Place that
                && initiator.equals(that.initiator)
                && acceptor.equals(that.acceptor)
                && workload.equals(that.workload)
                && destination.equals(that.destination);
    }

    @Override
    public int hashCode() {
        return Objects.hash(initiator, acceptor, workload, destination);
    }
}
