package dev.telepath.tunnel.transport;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.SslProvider;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

/**
 * Makes the gRPC channel of an edge to a manager or agent. One channel is one TCP connection on one event loop;
 * callbacks run on that loop and must not block.
 */
public final class ManagerChannel {
    /** The header of a caller's owner secret. */
    public static final String OWNER_HEADER = "telepath-owner";

    /** What a manager is called where the address that it is reached at is not its own. */
    static final String AUTHORITY = "telepath-manager";

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private static final Metadata.Key<String> OWNER = Metadata.Key.of(OWNER_HEADER, Metadata.ASCII_STRING_MARSHALLER);

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
        String bearer = token.map(JoinToken::bearer).orElse("");
        return open(address, token.map(JoinToken::caFingerprint), () -> bearer, loops, limits);
    }

    /**
     * The same with a bearer token that is renewed meanwhile.
     *
     * @param pin fingerprint of the CA; needed for TLS
     * @param bearer asked at each call; must not block
     * @throws IllegalArgumentException when TLS is asked for without a pin
     */
    public static ManagedChannel open(
            ManagerAddress address,
            Optional<String> pin,
            Supplier<String> bearer,
            EventLoopGroup loops,
            Limits limits) {
        NettyChannelBuilder builder =
                builder(address.host(), address.port(), loops, limits).channelFactory(ConnectionWindow::channel);
        if (address.plaintext()) {
            return builder.usePlaintext().build();
        }
        String fingerprint = pin.orElseThrow(() -> new IllegalArgumentException(
                "a join token is needed for " + address + " (telepath-manager init prints one)"));
        return pinned(builder, fingerprint)
                .intercept(credentials(bearer, Optional.empty()))
                .build();
    }

    /**
     * Opens a channel whose connection goes through something else first.
     *
     * @param caFingerprint of the manager's CA, as in a join token
     * @param bearer the token to send with a call; must not block
     * @param owner a secret of the caller that stays the same when its token is renewed, at least 128 random bits: what
     *     sessions belong to; empty = they belong to the token
     */
    public static ManagedChannel through(
            Underlay underlay,
            String caFingerprint,
            Supplier<String> bearer,
            Optional<String> owner,
            EventLoopGroup loops,
            Limits limits) {
        NettyChannelBuilder builder = over(underlay, loops, limits).overrideAuthority(AUTHORITY);
        return pinned(builder, caFingerprint)
                .intercept(credentials(bearer, owner))
                .build();
    }

    static NettyChannelBuilder over(Underlay underlay, EventLoopGroup loops, Limits limits) {
        InetSocketAddress address = underlay.address();
        return builder(address.getHostString(), address.getPort(), loops, limits)
                .channelFactory(() -> {
                    Channel socket = ConnectionWindow.channel();
                    underlay.below().accept(socket.pipeline());
                    return socket;
                });
    }

    private static NettyChannelBuilder builder(String host, int port, EventLoopGroup loops, Limits limits) {
        return NettyChannelBuilder.forAddress(host, port)
                .eventLoopGroup(loops)
                .directExecutor()
                .flowControlWindow(limits.streamWindow())
                .maxInboundMessageSize(limits.maxMessage())
                .keepAliveTime(limits.keepAlive().toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTimeout(limits.keepAlive().toMillis() / 3, TimeUnit.MILLISECONDS)
                .keepAliveWithoutCalls(false)
                .disableRetry();
    }

    private static NettyChannelBuilder pinned(NettyChannelBuilder builder, String caFingerprint) {
        return trusting(builder, new PinnedTrust(caFingerprint));
    }

    static NettyChannelBuilder trusting(NettyChannelBuilder builder, ServerTrust trust) {
        try {
            return builder.sslContext(GrpcSslContexts.forClient()
                    .sslProvider(SslProvider.JDK)
                    .trustManager(trust)
                    .build());
        } catch (SSLException e) {
            throw new IllegalStateException("TLS is not available in this Java runtime", e);
        }
    }

    private static ClientInterceptor credentials(Supplier<String> bearer, Optional<String> owner) {
        return new ClientInterceptor() {
            @Override
            public <I, O> ClientCall<I, O> interceptCall(
                    MethodDescriptor<I, O> method, CallOptions options, io.grpc.Channel next) {
                return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
                    @Override
                    public void start(Listener<O> listener, Metadata headers) {
                        headers.put(AUTHORIZATION, "Bearer " + bearer.get());
                        owner.ifPresent(secret -> headers.put(OWNER, secret));
                        super.start(listener, headers);
                    }
                };
            }
        };
    }
}
