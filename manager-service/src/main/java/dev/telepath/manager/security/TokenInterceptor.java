package dev.telepath.manager.security;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.enterprise.inject.spi.Prioritized;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Locale;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Lets in callers with a valid bearer token and puts their {@link Principal} into the call's context. Health checks need
 * no token. Runs on the connection's event loop.
 */
@GlobalInterceptor
@Singleton
public final class TokenInterceptor implements ServerInterceptor, Prioritized {
    private static final Logger LOG = Logger.getLogger(TokenInterceptor.class);
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String BEARER = "bearer ";
    private static final String OPEN_SERVICE = "grpc.health.v1.Health";

    private final Tokens tokens;
    private final MeterRegistry meters;

    @Inject
    TokenInterceptor(Tokens tokens, MeterRegistry meters) {
        this.tokens = tokens;
        this.meters = meters;
    }

    @Override
    public <I, O> ServerCall.Listener<I> interceptCall(
            ServerCall<I, O> call, Metadata headers, ServerCallHandler<I, O> next) {
        if (OPEN_SERVICE.equals(call.getMethodDescriptor().getServiceName())) {
            return next.startCall(call, headers);
        }
        try {
            Principal caller = tokens.verify(bearer(headers.get(AUTHORIZATION)));
            Context context = Context.current().withValue(Principal.KEY, caller);
            return Contexts.interceptCall(context, new MaskedCall<>(call), headers, next);
        } catch (TokenRefused refused) {
            meters.counter("telepath.auth.failures", "reason", refused.reason().label())
                    .increment();
            LOG.infof(
                    "call refused reason=%s method=%s peer=%s",
                    refused.reason().label(),
                    call.getMethodDescriptor().getFullMethodName(),
                    call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
            call.close(Status.UNAUTHENTICATED.withDescription(refused.getMessage()), new Metadata());
            return new ServerCall.Listener<>() {};
        }
    }

    private static @Nullable String bearer(@Nullable String header) {
        if (header == null || !header.toLowerCase(Locale.ROOT).startsWith(BEARER)) {
            return null;
        }
        return header.substring(BEARER.length()).strip();
    }

    /** The innermost: what is outside may move the call to another thread, where the context would be lost. */
    @Override
    public int getPriority() {
        return -1000;
    }
}
