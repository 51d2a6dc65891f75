package dev.telepath.harness;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a clear-text gRPC server and makes it an older one: calls to the chosen methods are answered
 * {@code UNIMPLEMENTED}, all others are passed on unread, with back-pressure. Counts the calls of each method.
 */
public final class PartialPeer implements AutoCloseable {
    private final ManagedChannel behind;
    private final Server server;
    private final Predicate<String> missing;
    private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
    private final Map<ServerCall<byte[], byte[]>, ClientCall<byte[], byte[]>> open = new ConcurrentHashMap<>();

    /**
     * @param port the port of the server behind
     * @param missing which methods are missing, by {@code package.Service/Method}
     */
    public PartialPeer(int port, Predicate<String> missing) {
        this.missing = missing;
        behind =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        try {
            server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .fallbackHandlerRegistry(new Everything())
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A peer without the methods of these names. */
    public static PartialPeer without(int port, String... methods) {
        Set<String> names = Set.of(methods);
        return new PartialPeer(port, full -> names.contains(full.substring(full.indexOf('/') + 1)));
    }

    public int port() {
        return server.getPort();
    }

    /** How often a method was called, by its bare name. */
    public int calls(String method) {
        AtomicInteger count = calls.get(method);
        return count == null ? 0 : count.get();
    }

    /** Ends the open calls of a method in good order, as a server does that goes away: their callers see an end of file. */
    public void endCalls(String method) {
        open.forEach((front, back) -> {
            if (method.equals(front.getMethodDescriptor().getBareMethodName()) && open.remove(front) != null) {
                front.close(Status.OK, new Metadata());
                back.cancel("ended on purpose", null);
            }
        });
    }

    @Override
    public void close() {
        server.shutdownNow();
        behind.shutdownNow();
    }

    private static final MethodDescriptor.Marshaller<byte[]> RAW = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    private final class Everything extends HandlerRegistry {
        @Override
        public @Nullable ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
            calls.computeIfAbsent(name.substring(name.indexOf('/') + 1), n -> new AtomicInteger())
                    .incrementAndGet();
            if (missing.test(name)) {
                return null;
            }
            MethodDescriptor<byte[], byte[]> method = MethodDescriptor.<byte[], byte[]>newBuilder()
                    .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                    .setFullMethodName(name)
                    .setRequestMarshaller(RAW)
                    .setResponseMarshaller(RAW)
                    .build();
            return ServerMethodDefinition.create(method, new Passing());
        }
    }

    private final class Passing implements ServerCallHandler<byte[], byte[]> {
        @Override
        public ServerCall.Listener<byte[]> startCall(ServerCall<byte[], byte[]> front, Metadata headers) {
            ClientCall<byte[], byte[]> back = behind.newCall(front.getMethodDescriptor(), CallOptions.DEFAULT);
            open.put(front, back);
            back.start(
                    new ClientCall.Listener<>() {
                        @Override
                        public void onHeaders(Metadata answer) {
                            front.sendHeaders(answer);
                        }

                        @Override
                        public void onMessage(byte[] message) {
                            front.sendMessage(message);
                            if (front.isReady()) {
                                back.request(1);
                            }
                        }

                        @Override
                        public void onReady() {
                            front.request(1);
                        }

                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            if (open.remove(front) != null) {
                                front.close(status, trailers);
                            }
                        }
                    },
                    headers);
            back.request(1);
            front.request(1);
            return new ServerCall.Listener<>() {
                @Override
                public void onMessage(byte[] message) {
                    back.sendMessage(message);
                    if (back.isReady()) {
                        front.request(1);
                    }
                }

                @Override
                public void onHalfClose() {
                    back.halfClose();
                }

                @Override
                public void onCancel() {
                    open.remove(front);
                    back.cancel("the caller cancelled", null);
                }

                @Override
                public void onReady() {
                    back.request(1);
                }
            };
        }
    }
}
