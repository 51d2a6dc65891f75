package dev.telepath.tunnel.transport;

import dev.telepath.tunnel.direct.DirectCaller;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;

/** Makes the gRPC channel of a client to an agent itself, past the manager ({@code telepath.v1.DirectLinks}). */
public final class AgentChannel {
    /** What an agent is called; nobody looks at it. */
    private static final String AUTHORITY = "telepath-agent";

    private AgentChannel() {}

    /**
     * Opens a channel; connects at the first call. One TCP connection on one event loop, on which callbacks run.
     *
     * @param fingerprint SHA-256 of the agent's certificate, 64 hexadecimal digits: no other is trusted
     * @param connect how long the TCP connection may take, 1 ms or more
     */
    public static ManagedChannel open(
            Underlay underlay,
            String fingerprint,
            DirectCaller caller,
            EventLoopGroup loops,
            ManagerChannel.Limits limits,
            Duration connect) {
        var headers = new Metadata();
        caller.write(headers);
        return ManagerChannel.trusting(ManagerChannel.over(underlay, loops, limits), new PinnedCertificate(fingerprint))
                .overrideAuthority(AUTHORITY)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(connect.toMillis()))
                .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
                .build();
    }
}
