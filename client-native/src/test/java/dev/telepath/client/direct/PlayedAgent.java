package dev.telepath.client.direct;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.DirectAgent;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.Pulse;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.protocol.v1.StreamsGrpc;
import dev.telepath.tunnel.direct.DirectCaller;
import dev.telepath.tunnel.direct.TicketKey;
import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;

/** An agent's listener on the loopback: TLS with a certificate of its own, and its clients' calls. */
public final class PlayedAgent implements AutoCloseable {
    private static final byte[] LOOPBACK = {127, 0, 0, 1};

    /** A key and its certificate. */
    public record Identity(SslContext server, ByteString fingerprint) {
        /** A new one. Starts a program of the JDK. */
        public static Identity make(Path folder) {
            try {
                Path store = folder.resolve("agent.p12");
                var keytool = new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "agent",
                                "-keyalg",
                                "EC",
                                "-groupname",
                                "secp256r1",
                                "-dname",
                                "CN=agent",
                                "-storetype",
                                "PKCS12",
                                "-storepass",
                                "changeit",
                                "-keystore",
                                store.toString())
                        .redirectErrorStream(true)
                        .start();
                String said = new String(keytool.getInputStream().readAllBytes());
                if (keytool.waitFor() != 0) {
                    throw new IOException(said);
                }
                KeyStore keys = KeyStore.getInstance("PKCS12");
                char[] password = "changeit".toCharArray();
                try (var in = Files.newInputStream(store)) {
                    keys.load(in, password);
                }
                var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
                managers.init(keys, password);
                byte[] der = keys.getCertificate("agent").getEncoded();
                return new Identity(
                        GrpcSslContexts.configure(SslContextBuilder.forServer(managers), SslProvider.JDK)
                                .build(),
                        ByteString.copyFrom(MessageDigest.getInstance("SHA-256").digest(der)));
            } catch (IOException | GeneralSecurityException e) {
                throw new IllegalStateException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    /** Sessions whose calls came with a ticket that opens this agent; others' are refused. */
    public final List<String> callers = new CopyOnWriteArrayList<>();
    /** Calls without one. */
    public final AtomicInteger refused = new AtomicInteger();
    /** First frames of links. */
    public final BlockingQueue<StreamFrame> greetings = new LinkedBlockingQueue<>();
    /** Connections that are open now, with the handshake behind them. */
    public final AtomicInteger connections = new AtomicInteger();

    public final AtomicInteger pulses = new AtomicInteger();
    /** Pulses come and are not answered, as where nothing comes through. */
    public volatile boolean silent;

    public final List<StreamObserver<LinkRequest>> watches = new CopyOnWriteArrayList<>();

    private final String session;
    private final Identity identity;
    private final TicketKey key;
    private final Server server;

    public PlayedAgent(String session, Identity identity) throws IOException {
        this(session, identity, 0, TicketKey.random());
    }

    /** The same agent as another one, at a port of that number. */
    PlayedAgent(String session, Identity identity, int port, PlayedAgent same) throws IOException {
        this(session, identity, port, same.key);
    }

    private PlayedAgent(String session, Identity identity, int port, TicketKey key) throws IOException {
        this.session = session;
        this.identity = identity;
        this.key = key;
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port))
                .sslContext(identity.server())
                .addService((BindableService) new Links())
                .addService((BindableService) new Pulses())
                .intercept(new Tickets())
                .addTransportFilter(new Counting())
                .directExecutor()
                .build()
                .start();
    }

    /** As a manager lists it to that client. */
    public DirectAgent listed(String client) {
        return DirectAgent.newBuilder()
                .setSessionId(session)
                .setWorkload("web")
                .setAddress(ByteString.copyFrom(LOOPBACK))
                .setPort(server.getPort())
                .setFingerprint(identity.fingerprint())
                .setTicket(key.ticket(client))
                .build();
    }

    /** Asks all clients for a link. */
    public void ask(long link) {
        watches.forEach(
                each -> each.onNext(LinkRequest.newBuilder().setLink(link).build()));
    }

    /** Ends the watches in good order, as an agent that is about to end. */
    public void endWatches() {
        List<StreamObserver<LinkRequest>> old = List.copyOf(watches);
        watches.removeAll(old);
        old.forEach(StreamObserver::onCompleted);
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private final class Links extends StreamsGrpc.StreamsImplBase {
        @Override
        public void watchLinks(LinkWatch request, StreamObserver<LinkRequest> response) {
            watches.add(response);
            response.onNext(LinkRequest.getDefaultInstance());
        }

        @Override
        public StreamObserver<StreamFrame> carry(StreamObserver<StreamFrame> response) {
            return new StreamObserver<>() {
                @Override
                public void onNext(StreamFrame frame) {
                    greetings.add(frame);
                }

                @Override
                public void onError(Throwable cause) {}

                @Override
                public void onCompleted() {
                    response.onCompleted();
                }
            };
        }
    }

    private final class Pulses extends LivenessGrpc.LivenessImplBase {
        @Override
        public StreamObserver<Pulse> beat(StreamObserver<Pulse> response) {
            return new StreamObserver<>() {
                @Override
                public void onNext(Pulse pulse) {
                    pulses.incrementAndGet();
                    if (!silent) {
                        response.onNext(pulse);
                    }
                }

                @Override
                public void onError(Throwable cause) {}

                @Override
                public void onCompleted() {
                    response.onCompleted();
                }
            };
        }
    }

    private final class Counting extends ServerTransportFilter {
        @Override
        public Attributes transportReady(Attributes attributes) {
            connections.incrementAndGet();
            return attributes;
        }

        @Override
        public void transportTerminated(Attributes attributes) {
            connections.decrementAndGet();
        }
    }

    private final class Tickets implements ServerInterceptor {
        @Override
        public <I, O> ServerCall.Listener<I> interceptCall(
                ServerCall<I, O> call, Metadata headers, ServerCallHandler<I, O> next) {
            var caller = DirectCaller.session(headers, key);
            if (caller.isEmpty()) {
                refused.incrementAndGet();
                call.close(Status.UNAUTHENTICATED, new Metadata());
                return new ServerCall.Listener<>() {};
            }
            callers.add(caller.get());
            return next.startCall(call, headers);
        }
    }
}
