package dev.telepath.manager.security;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.enterprise.inject.spi.Prioritized;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

/**
 * Lets in callers with a valid bearer token and puts their {@link Principal} into the call's context. Health checks need
 * no token. Runs on the connection's event loop.
 */
@GlobalInterceptor
@Singleton
public final class TokenInterceptor implements ServerInterceptor, Prioritized {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
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
        try {
            Principal caller = gate.admit(
                    headers.get(AUTHORIZATION),
                    call.getMethodDescriptor().getFullMethodName(),
                    call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
            Context context = Context.current().withValue(Principal.KEY, caller);
            return Contexts.interceptCall(context, new MaskedCall<>(call), headers, next);
        } catch (StatusRuntimeException refused) {
            call.close(refused.getStatus(), new Metadata());
            return new ServerCall.Listener<>() {};
        }
    }

    /** The innermost: what is outside may move the call to another thread, where the context would be lost. */
    @Override
    public int getPriority() {
        return -1000;
    }
}
