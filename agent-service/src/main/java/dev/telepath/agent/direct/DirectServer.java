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
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where clients connect to this agent: TLS with its own certificate, and no call without the ticket of its session. All
 * runs on the event loop of the streams.
 */
final class DirectServer implements AutoCloseable {
    /** The session that the caller's ticket is for. */
    static final Context.Key<String> CLIENT = Context.key("telepath-client");

    /** Connections at one time, whosever they are; a client needs one. */
    static final int CONNECTIONS = 64;

    /** As that of a client: what comes is taken at once, since streams have windows of their own. */
    private static final int CALL_WINDOW = 1024 * 1024;

    private static final int MAX_MESSAGE = 4 * 1024 * 1024;
    private static final int HANDSHAKE_SECONDS = 10;
    /** For one that shows no ticket. */
    private static final int IDLE_SECONDS = 60;

    /** Where port-forwards to a pod come in. */
    private static final String LOOPBACK = "127.0.0.1";

    private final Server server;
    private final ClientLinks links;
    private final int port;
    private final int loopbackPort;

    private DirectServer(Server server, ClientLinks links, int port, int loopbackPort) {
        this.server = server;
        this.links = links;
        this.port = port;
        this.loopbackPort = loopbackPort;
    }

    /**
     * Starts on a port of the system's choice. Blocks, and so not on the loop.
     *
     * @param forwarded on another one of the loopback too
     * @throws UncheckedIOException when the address is not this machine's
     */
    static DirectServer start(
            InetAddress address,
            boolean forwarded,
            Identity identity,
            AgentStreams streams,
            Credit credit,
            Rhythm rhythm,
            EventLoop loop) {
        var links = new ClientLinks(streams, credit, loop);
        var open = new AtomicInteger();
        var builder = NettyServerBuilder.forAddress(new InetSocketAddress(address, 0))
                .bossEventLoopGroup(loop)
                .workerEventLoopGroup(loop)
                .channelFactory(() -> new BoundedListener(open, CONNECTIONS))
                .sslContext(identity.tls())
                .directExecutor()
                .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                .maxConnectionIdle(IDLE_SECONDS, TimeUnit.SECONDS)
                .flowControlWindow(CALL_WINDOW)
                .maxInboundMessageSize(MAX_MESSAGE)
                .maxConcurrentCallsPerConnection(Integer.MAX_VALUE)
                .keepAliveTime(rhythm.interval().toMillis(), TimeUnit.MILLISECONDS)
                // An interval more than the client: it is to find out first, since it leaves such a way alone then.
                .keepAliveTimeout(rhythm.limit().toMillis(), TimeUnit.MILLISECONDS)
                .permitKeepAliveTime(1, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .intercept(new TicketCheck(identity.tickets()))
                .addService(links.service())
                .addService(new ClientPulses(loop, rhythm.limit()));
        var loopback = new InetSocketAddress(LOOPBACK, 0);
        if (forwarded) {
            builder.addListenAddress(loopback);
        }
        Server server = builder.build();
        try {
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new DirectServer(
                server, links, port(server, address), forwarded ? port(server, loopback.getAddress()) : 0);
    }

    private static int port(Server server, InetAddress address) {
        return server.getListenSockets().stream()
                .map(InetSocketAddress.class::cast)
                .filter(socket -> socket.getAddress().equals(address))
                .findFirst()
                .orElseThrow()
                .getPort();
    }

    int port() {
        return port;
    }

    /** For port-forwards; 0 = none. */
    int loopbackPort() {
        return loopbackPort;
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
