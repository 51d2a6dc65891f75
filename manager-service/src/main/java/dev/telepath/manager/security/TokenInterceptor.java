package dev.telepath.manager.security;

import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.quarkus.grpc.GlobalInterceptor;
import io.vertx.core.Vertx;
import jakarta.enterprise.inject.spi.Prioritized;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.concurrent.CompletableFuture;

/**
 * Lets in callers with a valid bearer token and puts their {@link Principal} into the call's context. Health checks need
 * no token. Runs on the connection's event loop, and holds a call while the API server is asked about its token.
 */
@GlobalInterceptor
@Singleton
public final class TokenInterceptor implements ServerInterceptor, Prioritized {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> OWNER =
            Metadata.Key.of(ManagerChannel.OWNER_HEADER, Metadata.ASCII_STRING_MARSHALLER);
    private static final String OPEN_SERVICE = "grpc.health.v1.Health";

    private final TokenGate gate;

    @Inject
    TokenInterceptor(TokenGate gate) {
        this.gate = gate;
    }

    @Override
    public <I, O> ServerCall.Listener<I> interceptCall(
            ServerCall<I, O> call, Metadata headers, ServerCallHandler<I, O> next) {
        if (OPEN_SERVICE.equals(call.getMethodDescriptor().getServiceName())) {
            return next.startCall(call, headers);
        }
        CompletableFuture<Principal> who = gate.admit(
                        headers.get(AUTHORIZATION),
                        headers.get(OWNER),
                        call.getMethodDescriptor().getFullMethodName(),
                        call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR))
                .toCompletableFuture();
        if (who.isDone()) {
            return decided(who, call, headers, next);
        }
        // Calls go on where they came from: the loop that the API server's answer must not hold up.
        var loop = Vertx.currentContext();
        var arrived = Context.current();
        var held = new HeldCall<I>();
        who.whenComplete((caller, failure) -> {
            Runnable start = arrived.wrap(() -> held.start(decided(who, call, headers, next)));
            if (loop == null) {
                start.run();
            } else {
                loop.runOnContext(ignored -> start.run());
            }
        });
        return held;
    }

    private static <I, O> ServerCall.Listener<I> decided(
            CompletableFuture<Principal> who, ServerCall<I, O> call, Metadata headers, ServerCallHandler<I, O> next) {
        if (who.state() == CompletableFuture.State.SUCCESS) {
            Context context = Context.current().withValue(Principal.KEY, who.resultNow());
            return Contexts.interceptCall(context, new MaskedCall<>(call), headers, next);
        }
        call.close(Status.fromThrowable(who.exceptionNow()), new Metadata());
        return new ServerCall.Listener<>() {};
    }

    /** The innermost: what is outside may move the call to another thread, where the context would be lost. */
    @Override
    public int getPriority() {
        return -1000;
    }
}
