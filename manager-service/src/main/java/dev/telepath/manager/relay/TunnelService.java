package dev.telepath.manager.relay;

import dev.telepath.manager.security.Principal;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.bridge.ViewMarshaller;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;

/**
 * Binds {@code Tunnel} so that its demand is the call's own. Runs on the event loop of the call's connection, one loop
 * for one connection.
 */
@Singleton
public final class TunnelService {
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
        return CallTransport.with(
                generated, ServerMethodDefinition.create(tunnel, ServerCalls.asyncBidiStreamingCall(this::serve)));
    }

    private StreamObserver<TunnelMessage> serve(StreamObserver<TunnelMessage> response) {
        Principal caller = Principal.current();
        SocketAddress peer = CallTransport.peer();
        Credit credit = credits.take(peer);
        return CallBridge.serve(
                response,
                CallTransport.loop(),
                credit,
                messages -> TunnelCall.serve(messages, call -> relay.accept(call, caller, credit))
                        .onTermination()
                        .invoke(() -> credits.release(peer)));
    }
}
