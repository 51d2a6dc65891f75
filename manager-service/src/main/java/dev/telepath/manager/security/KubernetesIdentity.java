package dev.telepath.manager.security;

import dev.telepath.manager.security.TokenRefused.Reason;
import dev.telepath.manager.security.TokenReviews.Answer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Who bears a token that the API server vouches for: a client by the service account that users may have tokens of, or by
 * an account that might have one of those; an agent by the pod that its token is bound to. Thread-safe; never blocks.
 *
 * <p>Clients share service accounts, so a session belongs to the secret that its client brings along with every
 * token; without one it belongs to the token itself and is lost with it.
 */
final class KubernetesIdentity {
    static final String ACCOUNT = "system:serviceaccount:";
    static final String POD_NAME = "authentication.kubernetes.io/pod-name";
    private static final String POD_UID = "authentication.kubernetes.io/pod-uid";
    private static final String CREDENTIAL = "authentication.kubernetes.io/credential-id";
    private static final int LEAST_OWNER = 32;
    private static final int MOST_OWNER = 256;

    private final ReviewCache reviews;
    private final String clientAccount;

    /**
     * @param namespace of the manager
     * @param account name of the clients' service account there
     */
    KubernetesIdentity(ReviewCache reviews, String namespace, String account) {
        this.reviews = reviews;
        this.clientAccount = ACCOUNT + namespace + ":" + account;
    }

    /**
     * @param owner what the client's sessions belong to; null = to the token
     */
    CompletionStage<Principal> verify(String token, @Nullable String owner) {
        return reviews.of(token).thenCompose(answer -> {
            try {
                return CompletableFuture.completedStage(principal(answer, owner));
            } catch (TokenRefused refused) {
                return CompletableFuture.failedStage(refused);
            }
        });
    }

    Principal principal(Answer answer, @Nullable String owner) throws TokenRefused {
        return switch (answer) {
            case Answer.Unknown unknown ->
                throw new TokenRefused(Reason.NOT_VOUCHED, unknown.why().isEmpty() ? "" : " (" + unknown.why() + ")");
            case Answer.Vouched vouched -> known(vouched, owner);
        };
    }

    private Principal known(Answer.Vouched vouched, @Nullable String owner) throws TokenRefused {
        // First, whatever pod it is bound to: who may make tokens of that account can bind them to pods.
        if (vouched.account().user().equals(clientAccount) || vouched.client()) {
            return Principal.client("client:" + sessions(vouched, owner), vouched.account());
        }
        Optional<String> pod = extra(vouched, POD_NAME);
        String user = vouched.account().user();
        String[] account = user.split(":", -1);
        if (pod.isEmpty() || !user.startsWith(ACCOUNT) || account.length != 4) {
            throw new TokenRefused(
                    Reason.NO_ROLE,
                    ": it is of " + user + ", which is neither " + clientAccount
                            + ", nor a pod's, nor may have tokens of that account (Role telepath-client)");
        }
        String namespace = account[2];
        return new Principal(
                namespace + "/" + pod.get(),
                Role.AGENT,
                false,
                Optional.of(new Principal.Pod(
                        namespace, pod.get(), extra(vouched, POD_UID).orElse(""), account[3])));
    }

    private static String sessions(Answer.Vouched vouched, @Nullable String owner) throws TokenRefused {
        if (owner == null) {
            return extra(vouched, CREDENTIAL)
                    .orElseThrow(() -> new TokenRefused(Reason.NO_ROLE, ": it has no id, and no owner comes with it"));
        }
        if (owner.length() < LEAST_OWNER || owner.length() > MOST_OWNER) {
            throw new TokenRefused(Reason.MALFORMED);
        }
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(owner.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every Java runtime", e);
        }
    }

    private static Optional<String> extra(Answer.Vouched vouched, String key) {
        return vouched.extra().getOrDefault(key, List.of()).stream()
                .filter(value -> !value.isEmpty())
                .findFirst();
    }
}
