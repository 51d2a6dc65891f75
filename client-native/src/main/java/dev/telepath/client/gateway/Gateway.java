package dev.telepath.client.gateway;

import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.smallrye.mutiny.Multi;
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

        /** One that another process, or the far side, has dialled. */
        static Reached remote(RemoteEnd end) {
            return new Reached() {
                @Override
                public void join(StreamEnd local) {
                    local.send(end.receiveDialled());
                    end.send(local.receive());
                }

                @Override
                public void abandon(String why) {
                    end.fail(new StreamFailure.Reset(why));
                }
            };
        }

        /** One that was dialled here, and says so as its first word. */
        static Reached dialled(StreamEnd end) {
            return new Reached() {
                @Override
                public void join(StreamEnd local) {
                    StreamEnd.join(local, end);
                }

                @Override
                public void abandon(String why) {
                    end.send(Multi.createFrom().failure(new StreamFailure.Reset(why)));
                }
            };
        }
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
