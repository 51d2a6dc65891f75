package dev.telepath.client.gateway;

import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.stream.StreamEnd;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;

/** Where a device's traffic goes. Thread-safe; nothing here blocks. */
public interface Gateway {
    /** A destination that was reached. */
    interface Reached {
        /** Joins a local end to it. Once, or {@link #abandon}. */
        void join(StreamEnd local);

        /** Nobody wants it any more. */
        void abandon(String why);
    }

    /**
     * Reaches a destination.
     *
     * @param protocol of the stream, or of the flow
     * @return fails with a {@link dev.telepath.tunnel.stream.StreamFailure}: {@code DialRefused} where something said no,
     *     another where nothing answered
     */
    CompletionStage<Reached> open(Protocol protocol, InetSocketAddress destination);

    /**
     * Answers a DNS message (RFC 1035).
     *
     * @param most bytes of the answer that the asker takes, 512 to 65,535
     * @return completes with the answer, of no bytes where there is none to give; fails never
     */
    CompletionStage<byte[]> resolve(byte[] question, int most);

    /** Whether an address is of the cluster. */
    boolean isCluster(InetAddress address);
}
