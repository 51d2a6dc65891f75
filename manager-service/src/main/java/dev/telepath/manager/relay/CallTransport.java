package dev.telepath.manager.relay;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Vertx;
import io.vertx.core.impl.ContextInternal;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** What a call that is bound by hand needs of the connection that it came over: its peer and its event loop. */
public final class CallTransport {
    private static final Context.Key<SocketAddress> PEER = Context.key("telepath-peer");

    private CallTransport() {}

    /** Where the connection of the current call comes from, for methods that {@code known} or {@link #with} made. */
    public static @Nullable SocketAddress peer() {
        return PEER.get();
    }

    /** The event loop of the current call's connection. */
    public static EventExecutor loop() {
        return ((ContextInternal) Vertx.currentContext()).nettyEventLoop();
    }

    /** The same method, whose calls know their peer. */
    public static <I, O> ServerMethodDefinition<I, O> known(ServerMethodDefinition<I, O> method) {
        ServerCallHandler<I, O> handler = method.getServerCallHandler();
        return method.withServerCallHandler(new ServerCallHandler<>() {
            @Override
            public ServerCall.Listener<I> startCall(ServerCall<I, O> call, Metadata headers) {
                SocketAddress peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
                Context context =
                        peer == null ? Context.current() : Context.current().withValue(PEER, peer);
                return Contexts.interceptCall(context, call, headers, handler);
            }
        });
    }

    /** A generated service whose calls all know their peer. */
    public static ServerServiceDefinition known(ServerServiceDefinition generated) {
        var builder = ServerServiceDefinition.builder(generated.getServiceDescriptor());
        generated.getMethods().forEach(method -> builder.addMethod(known(method)));
        return builder.build();
    }

    /** A generated service with one of its methods replaced, whose calls all know their peer. */
    public static ServerServiceDefinition with(ServerServiceDefinition generated, ServerMethodDefinition<?, ?> own) {
        String name = own.getMethodDescriptor().getFullMethodName();
        var others = generated.getMethods().stream()
                .filter(method ->
                        !method.getMethodDescriptor().getFullMethodName().equals(name))
                .toList();
        ServiceDescriptor described = generated.getServiceDescriptor();
        // gRPC wants the very descriptor of a method in that of its service, and ours has a marshaller of its own.
        var descriptor = ServiceDescriptor.newBuilder(described.getName())
                .setSchemaDescriptor(described.getSchemaDescriptor())
                .addMethod(own.getMethodDescriptor());
        others.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        var builder = ServerServiceDefinition.builder(descriptor.build());
        others.forEach(method -> builder.addMethod(known(method)));
        return builder.addMethod(known(own)).build();
    }
}
