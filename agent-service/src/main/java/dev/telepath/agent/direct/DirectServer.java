package dev.telepath.agent.direct;

import dev.telepath.agent.carry.AgentStreams;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.direct.DirectCaller;
import dev.telepath.tunnel.direct.TicketKey;
import dev.telepath.tunnel.liveness.Rhythm;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Where clients connect to this agent: TLS with its own certificate, and no call without the ticket of its session. All
 * runs on the event loop of the streams.
 */
final class DirectServer implements AutoCloseable {
    /** The session that the caller's ticket is for. */
    static final Context.Key<String> CLIENT = Context.key("telepath-client");

    /** Connections at one time, whosever they are; a client needs one. */
    static final int CONNECTIONS = 64;

    private static final int STREAM_WINDOW = 256 * 1024;
    private static final int MAX_MESSAGE = 4 * 1024 * 1024;
    private static final int HANDSHAKE_SECONDS = 10;
    /** For one that shows no ticket. */
    private static final int IDLE_SECONDS = 60;

    private final Server server;
    private final ClientLinks links;

    private DirectServer(Server server, ClientLinks links) {
        this.server = server;
        this.links = links;
    }

    /**
     * Starts on a port of the system's choice. Blocks, and so not on the loop.
     *
     * @throws UncheckedIOException when the address is not this machine's
     */
    static DirectServer start(
            InetAddress address,
            Identity identity,
            AgentStreams streams,
            Credit credit,
            Rhythm rhythm,
            EventLoop loop) {
        var links = new ClientLinks(streams, credit, loop);
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(address, 0))
                .bossEventLoopGroup(loop)
                .workerEventLoopGroup(loop)
                .channelFactory(() -> new BoundedListener(CONNECTIONS))
                .sslContext(identity.tls())
                .directExecutor()
                .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                .maxConnectionIdle(IDLE_SECONDS, TimeUnit.SECONDS)
                .flowControlWindow(STREAM_WINDOW)
                .maxInboundMessageSize(MAX_MESSAGE)
                .maxConcurrentCallsPerConnection(Integer.MAX_VALUE)
                .keepAliveTime(rhythm.interval().toMillis(), TimeUnit.MILLISECONDS)
                // An interval more than the client: it is to find out first, since it leaves such a way alone then.
                .keepAliveTimeout(rhythm.limit().toMillis(), TimeUnit.MILLISECONDS)
                .permitKeepAliveTime(1, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .intercept(new TicketCheck(identity.tickets()))
                .addService(links.service())
                .addService(new ClientPulses(loop, rhythm.limit()))
                .build();
        try {
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new DirectServer(server, links);
    }

    int port() {
        return server.getPort();
    }

    /** Clients that take links now. On the loop. */
    int clients() {
        return links.clients();
    }

    /** Ends all connections; their links are lost. On the loop. */
    @Override
    public void close() {
        links.close();
        server.shutdownNow();
    }

    /** Lets nothing pass that shows no ticket. */
    private record TicketCheck(TicketKey key) implements ServerInterceptor {
        @Override
        public <I, O> ServerCall.Listener<I> interceptCall(
                ServerCall<I, O> call, Metadata headers, ServerCallHandler<I, O> next) {
            Optional<String> client = DirectCaller.session(headers, key);
            if (client.isEmpty()) {
                call.close(
                        Status.UNAUTHENTICATED.withDescription("no ticket of a manager for this agent"),
                        new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return Contexts.interceptCall(Context.current().withValue(CLIENT, client.get()), call, headers, next);
        }
    }
}
