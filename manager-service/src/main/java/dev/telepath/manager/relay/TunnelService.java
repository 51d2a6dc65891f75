package dev.telepath.manager.relay;

import dev.telepath.manager.security.Principal;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.bridge.ViewMarshaller;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Vertx;
import io.vertx.core.impl.ContextInternal;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.util.List;

/**
 * Binds {@code Tunnel} so that its demand is the call's own. Runs on the event loop of the call's connection, one loop
 * for one connection.
 */
@Singleton
public final class TunnelService {
    private static final Context.Key<SocketAddress> PEER = Context.key("telepath-peer");

    private final Relay relay;
    private final Credits credits;

    @Inject
    TunnelService(Relay relay, Credits credits) {
        this.relay = relay;
        this.credits = credits;
    }

    /** The definition with its {@code Tunnel} method replaced. */
    public ServerServiceDefinition bind(ServerServiceDefinition generated) {
        MethodDescriptor<TunnelMessage, TunnelMessage> tunnel =
                ViewMarshaller.in(ManagerGrpc.getTunnelMethod(), TunnelMessage.parser());
        List<ServerMethodDefinition<?, ?>> others = generated.getMethods().stream()
                .filter(method ->
                        !method.getMethodDescriptor().getFullMethodName().equals(tunnel.getFullMethodName()))
                .toList();
        ServiceDescriptor described = generated.getServiceDescriptor();
        var descriptor = ServiceDescriptor.newBuilder(described.getName())
                .setSchemaDescriptor(described.getSchemaDescriptor())
                .addMethod(tunnel);
        others.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        var builder = ServerServiceDefinition.builder(descriptor.build());
        others.forEach(builder::addMethod);
        ServerCallHandler<TunnelMessage, TunnelMessage> handler = ServerCalls.asyncBidiStreamingCall(this::serve);
        return builder.addMethod(tunnel, (call, headers) -> start(handler, call, headers))
                .build();
    }

    private ServerCall.Listener<TunnelMessage> start(
            ServerCallHandler<TunnelMessage, TunnelMessage> handler,
            ServerCall<TunnelMessage, TunnelMessage> call,
            Metadata headers) {
        SocketAddress peer = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        Context context = peer == null ? Context.current() : Context.current().withValue(PEER, peer);
        return Contexts.interceptCall(context, call, headers, handler);
    }

    private StreamObserver<TunnelMessage> serve(StreamObserver<TunnelMessage> response) {
        Principal caller = Principal.current();
        SocketAddress peer = PEER.get();
        Credit credit = credits.take(peer);
        return CallBridge.serve(
                response,
                loop(),
                credit,
                messages -> TunnelCall.serve(messages, call -> relay.accept(call, caller, credit))
                        .onTermination()
                        .invoke(() -> credits.release(peer)));
    }

    private static EventExecutor loop() {
        return ((ContextInternal) Vertx.currentContext()).nettyEventLoop();
    }
}
