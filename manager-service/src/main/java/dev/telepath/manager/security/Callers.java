package dev.telepath.manager.security;

import dev.telepath.manager.security.TokenRefused.Reason;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Says who makes a call: by a token of this installation, or, in Kubernetes, by one that the API server vouches for.
 * Thread-safe; never blocks.
 */
@Singleton
final class Callers {
    private static final String BEARER = "bearer ";

    private final Tokens tokens;
    private final Optional<KubernetesIdentity> kubernetes;

    @Inject
    Callers(Tokens tokens, Optional<KubernetesIdentity> kubernetes) {
        this.tokens = tokens;
        this.kubernetes = kubernetes;
    }

    /**
     * The caller, by two headers of the call. Complete at once unless the API server has to be asked. Fails with
     * {@link TokenRefused} only; dependents may run on any thread.
     */
    CompletionStage<Principal> verify(@Nullable String authorization, @Nullable String owner) {
        String token = bearer(authorization);
        if (token != null && kubernetes.isPresent() && !Tokens.isOurs(token)) {
            return token.length() > Tokens.MAX_TOKEN
                    ? CompletableFuture.failedStage(new TokenRefused(Reason.MALFORMED))
                    : kubernetes.get().verify(token, owner);
        }
        try {
            return CompletableFuture.completedStage(tokens.verify(token));
        } catch (TokenRefused refused) {
            return CompletableFuture.failedStage(refused);
        }
    }

    private static @Nullable String bearer(@Nullable String header) {
        if (header == null || !header.toLowerCase(Locale.ROOT).startsWith(BEARER)) {
            return null;
        }
        return header.substring(BEARER.length()).strip();
    }
}
