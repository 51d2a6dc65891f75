package dev.telepath.tunnel.transport;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslProvider;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * Makes the gRPC channel of an edge to a manager or agent. One channel is one TCP connection on one event loop;
 * callbacks run on that loop and must not block.
 */
public final class ManagerChannel {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private ManagerChannel() {}

    /**
     * Limits of one channel.
     *
     * @param streamWindow bytes a peer may have in flight on one call, 64 KiB to 16 MiB
     * @param maxMessage bytes of the largest message taken; frames of old peers reach 1 MiB
     * @param keepAlive silence after which the transport is probed; it is given up after a third of that
     */
    public record Limits(int streamWindow, int maxMessage, Duration keepAlive) {
        /** 256 KiB, 4 MiB (the peer's own default), 30 s. */
        public static final Limits STANDARD = new Limits(256 * 1024, 4 * 1024 * 1024, Duration.ofSeconds(30));
    }

    /**
     * Opens a channel; connects at the first call.
     *
     * @param token needed for TLS; ignored on a clear-text port
     * @throws IllegalArgumentException when TLS is asked for without a token
     */
    public static ManagedChannel open(
            ManagerAddress address, Optional<JoinToken> token, EventLoopGroup loops, Limits limits) {
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(address.host(), address.port())
                .eventLoopGroup(loops)
                .channelFactory(ConnectionWindow::channel)
                .directExecutor()
                .flowControlWindow(limits.streamWindow())
                .maxInboundMessageSize(limits.maxMessage())
                .keepAliveTime(limits.keepAlive().toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTimeout(limits.keepAlive().toMillis() / 3, TimeUnit.MILLISECONDS)
                .keepAliveWithoutCalls(false)
                .disableRetry();
        if (address.plaintext()) {
            return builder.usePlaintext().build();
        }
        JoinToken join = token.orElseThrow(() -> new IllegalArgumentException(
                "a join token is needed for " + address + " (telepath-manager init prints one)"));
        try {
            builder.sslContext(GrpcSslContexts.forClient()
                    .sslProvider(SslProvider.JDK)
                    .trustManager(new PinnedTrust(join.caFingerprint()))
                    .build());
        } catch (SSLException e) {
            throw new IllegalStateException("TLS is not available in this Java runtime", e);
        }
        return builder.intercept(bearer(join.bearer())).build();
    }

    private static ClientInterceptor bearer(String token) {
        String value = "Bearer " + token;
        return new ClientInterceptor() {
            @Override
            public <I, O> ClientCall<I, O> interceptCall(
                    MethodDescriptor<I, O> method, CallOptions options, Channel next) {
                return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
                    @Override
                    public void start(Listener<O> listener, Metadata headers) {
                        headers.put(AUTHORIZATION, value);
                        super.start(listener, headers);
                    }
                };
            }
        };
    }
}
