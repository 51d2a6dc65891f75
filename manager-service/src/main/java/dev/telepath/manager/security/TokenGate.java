package dev.telepath.manager.security;

import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.util.Locale;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Where every call with a token is let in or refused, whatever serves it. Thread-safe. */
@Singleton
public final class TokenGate {
    private static final Logger LOG = Logger.getLogger(TokenGate.class);
    private static final String BEARER = "bearer ";

    private final Tokens tokens;
    private final MeterRegistry meters;

    @Inject
    TokenGate(Tokens tokens, MeterRegistry meters) {
        this.tokens = tokens;
        this.meters = meters;
    }

    /**
     * Finds out who calls.
     *
     * @param authorization the header of that name, if there is one
     * @param method full name of the gRPC method, for the log
     * @throws io.grpc.StatusRuntimeException UNAUTHENTICATED when the header has no valid bearer token; it is counted and
     *     logged
     */
    public Principal admit(@Nullable String authorization, String method, @Nullable SocketAddress peer) {
        try {
            return tokens.verify(bearer(authorization));
        } catch (TokenRefused refused) {
            meters.counter("telepath.auth.failures", "reason", refused.reason().label())
                    .increment();
            LOG.infof(
                    "call refused reason=%s method=%s peer=%s", refused.reason().label(), method, peer);
            throw Status.UNAUTHENTICATED.withDescription(refused.getMessage()).asRuntimeException();
        }
    }

    private static @Nullable String bearer(@Nullable String header) {
        if (header == null || !header.toLowerCase(Locale.ROOT).startsWith(BEARER)) {
            return null;
        }
        return header.substring(BEARER.length()).strip();
    }
}
