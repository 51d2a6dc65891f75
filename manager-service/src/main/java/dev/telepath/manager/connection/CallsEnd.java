package dev.telepath.manager.connection;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.enterprise.inject.spi.Prioritized;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Cancels calls whose connection closes. The platform's gRPC server does so for a stream that is reset, not for one that
 * is lost with its connection, whose watches would stay for ever. Runs on the connection's event loop.
 */
@GlobalInterceptor
@Singleton
public final class CallsEnd implements ServerInterceptor, Prioritized {
    private final Connections connections;

    @Inject
    CallsEnd(Connections connections) {
        this.connections = connections;
    }

    @Override
    public <I, O> ServerCall.Listener<I> interceptCall(
            ServerCall<I, O> call, Metadata headers, ServerCallHandler<I, O> next) {
        return new Following<>(
                next.startCall(call, headers), connections, call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
    }

    /** Outside of what holds a call back, inside of what measures it. */
    @Override
    public int getPriority() {
        return -500;
    }

    private static final class Following<I> extends SimpleForwardingServerCallListener<I> {
        private final Runnable forget;
        private boolean over;

        Following(ServerCall.Listener<I> call, Connections connections, @Nullable SocketAddress peer) {
            super(call);
            this.forget = connections.whenClosed(peer, this::onCancel);
        }

        @Override
        public void onCancel() {
            if (!over) {
                over = true;
                forget.run();
                super.onCancel();
            }
        }

        @Override
        public void onComplete() {
            if (!over) {
                over = true;
                forget.run();
                super.onComplete();
            }
        }
    }
}
