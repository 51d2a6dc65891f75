package dev.telepath.manager.security;

import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Where every call with a token is let in or refused, whatever serves it. Thread-safe; never blocks. */
@Singleton
public final class TokenGate {
    private static final Logger LOG = Logger.getLogger(TokenGate.class);

    private final Callers callers;
    private final MeterRegistry meters;

    @Inject
    TokenGate(Callers callers, MeterRegistry meters) {
        this.callers = callers;
        this.meters = meters;
    }

    /**
     * Finds out who calls.
     *
     * @param authorization the header of that name, if there is one
     * @param owner the header {@link dev.telepath.tunnel.transport.ManagerChannel#OWNER_HEADER}, if there is one
     * @param method full name of the gRPC method, for the log
     * @return complete at once unless the API server has to be asked, else on any thread; fails with a
     *     {@link io.grpc.StatusRuntimeException} when the caller is not let in, which is counted and logged
     */
    public CompletionStage<Principal> admit(
            @Nullable String authorization, @Nullable String owner, String method, @Nullable SocketAddress peer) {
        return callers.verify(authorization, owner)
                .exceptionallyCompose(
                        failure -> CompletableFuture.failedStage(refused(TokenRefused.in(failure), method, peer)));
    }

    private Throwable refused(TokenRefused why, String method, @Nullable SocketAddress peer) {
        meters.counter("telepath.auth.failures", "reason", why.reason().label()).increment();
        LOG.infof("call refused reason=%s method=%s peer=%s", why.reason().label(), method, peer);
        return why.reason().status().withDescription(why.getMessage()).asRuntimeException();
    }
}
