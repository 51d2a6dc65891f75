package dev.telepath.manager.carry;

import dev.telepath.manager.relay.Credits;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.MutinyStreamsGrpc;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.protocol.v1.StreamsGrpc;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.ViewMarshaller;
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
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Multi;
import io.vertx.core.Vertx;
import io.vertx.core.impl.ContextInternal;
import jakarta.inject.Inject;
import java.net.SocketAddress;
import java.util.List;

/**
 * {@code telepath.v1.Streams}. {@code Carry} is bound so that its demand is the call's own. Runs on the event loop of the
 * call's connection.
 */
@GrpcService
public final class StreamsService extends MutinyStreamsGrpc.StreamsImplBase {
    private static final Context.Key<SocketAddress> PEER = Context.key("telepath-stream-peer");

    private final LinkRelay relay;
    private final LinkWatchers watchers;
    private final Sessions sessions;
    private final Credits credits;

    @Inject
    StreamsService(LinkRelay relay, LinkWatchers watchers, Sessions sessions, Credits credits) {
        this.relay = relay;
        this.watchers = watchers;
        this.sessions = sessions;
        this.credits = credits;
    }

    @Override
    public Multi<LinkRequest> watchLinks(LinkWatch request) {
        Session session = sessions.own(Principal.current(), request.getSessionId());
        SocketAddress peer = PEER.get();
        return watchers.open(session, loop()).onSubscription().invoke(() -> relay.watching(session, peer));
    }

    @Override
    public ServerServiceDefinition bindService() {
        ServerServiceDefinition generated = super.bindService();
        MethodDescriptor<StreamFrame, StreamFrame> carry =
                ViewMarshaller.in(StreamsGrpc.getCarryMethod(), StreamFrame.parser());
        List<ServerMethodDefinition<?, ?>> others = generated.getMethods().stream()
                .filter(method ->
                        !method.getMethodDescriptor().getFullMethodName().equals(carry.getFullMethodName()))
                .toList();
        ServiceDescriptor described = generated.getServiceDescriptor();
        var descriptor = ServiceDescriptor.newBuilder(described.getName())
                .setSchemaDescriptor(described.getSchemaDescriptor())
                .addMethod(carry);
        others.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        var builder = ServerServiceDefinition.builder(descriptor.build());
        others.forEach(method -> builder.addMethod(withPeer(method)));
        return builder.addMethod(
                        withPeer(ServerMethodDefinition.create(carry, ServerCalls.asyncBidiStreamingCall(this::serve))))
                .build();
    }

    private static <I, O> ServerMethodDefinition<I, O> withPeer(ServerMethodDefinition<I, O> method) {
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

    private StreamObserver<StreamFrame> serve(StreamObserver<StreamFrame> response) {
        Principal caller = Principal.current();
        SocketAddress peer = PEER.get();
        return CallBridge.serveFlow(response, loop(), credits.take(peer), frames -> {
            var call = new CarryCall(peer);
            call.over().thenRun(() -> credits.release(peer));
            frames.subscribe(call);
            return new Reply(
                    call.greeting().thenCompose(greeting -> relay.accept(call, greeting, caller)), call::answered);
        });
    }

    private static EventExecutor loop() {
        return ((ContextInternal) Vertx.currentContext()).nettyEventLoop();
    }
}
