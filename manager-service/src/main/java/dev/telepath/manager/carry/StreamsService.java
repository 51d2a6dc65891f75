package dev.telepath.manager.carry;

import dev.telepath.manager.relay.CallTransport;
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
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Multi;
import jakarta.inject.Inject;
import java.net.SocketAddress;

/**
 * {@code telepath.v1.Streams}. {@code Carry} is bound so that its demand is the call's own. Runs on the event loop of the
 * call's connection.
 */
@GrpcService
public final class StreamsService extends MutinyStreamsGrpc.StreamsImplBase {
    private final LinkRelay relay;
    private final LinkWatchers watchers;
    private final EarlierRuns earlier;
    private final Sessions sessions;
    private final Credits credits;

    @Inject
    StreamsService(LinkRelay relay, LinkWatchers watchers, EarlierRuns earlier, Sessions sessions, Credits credits) {
        this.relay = relay;
        this.watchers = watchers;
        this.earlier = earlier;
        this.sessions = sessions;
        this.credits = credits;
    }

    @Override
    public Multi<LinkRequest> watchLinks(LinkWatch request) {
        Session session = sessions.own(Principal.current(), request.getSessionId());
        SocketAddress peer = CallTransport.peer();
        return watchers.open(session, CallTransport.loop()).onSubscription().invoke(() -> {
            relay.watching(session, peer);
            earlier.watching(session, request.getRun());
        });
    }

    @Override
    public ServerServiceDefinition bindService() {
        ServerServiceDefinition generated = super.bindService();
        MethodDescriptor<StreamFrame, StreamFrame> carry =
                ViewMarshaller.in(StreamsGrpc.getCarryMethod(), StreamFrame.parser());
        return CallTransport.with(
                generated, ServerMethodDefinition.create(carry, ServerCalls.asyncBidiStreamingCall(this::serve)));
    }

    private StreamObserver<StreamFrame> serve(StreamObserver<StreamFrame> response) {
        Principal caller = Principal.current();
        SocketAddress peer = CallTransport.peer();
        return CallBridge.serveFlow(response, CallTransport.loop(), credits.take(peer), frames -> {
            var call = new CarryCall(peer);
            call.over().thenRun(() -> credits.release(peer));
            frames.subscribe(call);
            return new Reply(
                    call.greeting().thenCompose(greeting -> relay.accept(call, greeting, caller)), call::answered);
        });
    }
}
