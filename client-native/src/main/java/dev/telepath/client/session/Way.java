package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.tunnel.transport.ManagerChannel;
import dev.telepath.tunnel.transport.Underlay;
import io.grpc.ManagedChannel;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.util.Optional;

/** How a manager is reached, and as whom. Two that are equal lead to the same manager as the same caller. */
public interface Way {
    /** As users see it, and as the journal knows it again. */
    String name();

    /** A file whose change means other credentials, if there is one. */
    Optional<Path> tokenFile();

    /** A channel that connects at its first call, and by what it goes. */
    record Opened(ManagedChannel channel, Transport transport) {}

    /**
     * A channel for one attachment, with the credentials of now. Blocks.
     *
     * @param bypass told which addresses are to be dialled before one is
     * @throws Failure why there is none
     */
    Opened open(EventLoopGroup loops, ManagerChannel.Limits limits, Bypass bypass);

    /**
     * Whether a connection of now would go by a better transport than that one. Blocks; asks nobody where there is but one.
     *
     * @param bypass told which addresses are to be dialled before one is
     */
    default boolean isBetterThan(Transport transport, Bypass bypass) {
        return false;
    }

    /**
     * What leads to a port of a pod's own loopback without a manager, with the credentials of now; empty where there is
     * nothing of the kind. Blocks.
     *
     * @param port 1 to 65535
     * @throws Failure why there is none
     */
    default Optional<Underlay> forward(String namespace, String pod, int port) {
        return Optional.empty();
    }

    /** Forgets what was found out of transports: somebody asks for another connection, or the network is another. */
    default void reconsider() {}

    /** What an attachment failed with, as somebody who knows this way tells it. */
    Failure explain(Failure failure);
}
