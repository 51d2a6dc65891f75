package dev.telepath.client.session;

import com.google.protobuf.Empty;
import dev.telepath.client.failure.Failure;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc;
import dev.telepath.protocol.telepresence.manager.VersionInfo2;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.ManagedChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** One call to a manager over a connection of its own, to see that the way leads there. It makes no session. */
public final class Greeting {
    /**
     * What there was to hear.
     *
     * @param manager name and version, e.g. {@code Telepath manager 0.1.0}
     */
    public record Answer(String manager, Transport transport) {}

    private Greeting() {}

    /**
     * Asks a manager what it is. Blocks.
     *
     * @param most until it has answered
     * @return its name and version, and by what the connection went
     * @throws Failure why there is no answer, not yet explained by the way
     */
    public static Answer of(Way way, Duration most) {
        var loops = new NioEventLoopGroup(1);
        ManagedChannel channel = null;
        try {
            // This process has no device whose routes would have to leave anything out.
            Way.Opened opened = way.open(loops, ManagerChannel.Limits.STANDARD, addresses -> {});
            channel = opened.channel();
            VersionInfo2 manager = Calls.await(
                    "greet " + way.name(),
                    MutinyManagerGrpc.newMutinyStub(channel)
                            .withDeadlineAfter(most.toMillis(), TimeUnit.MILLISECONDS)
                            .version(Empty.getDefaultInstance()),
                    most.plusSeconds(1));
            return new Answer((manager.getName() + " " + manager.getVersion()).strip(), opened.transport());
        } finally {
            if (channel != null) {
                channel.shutdownNow();
            }
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
