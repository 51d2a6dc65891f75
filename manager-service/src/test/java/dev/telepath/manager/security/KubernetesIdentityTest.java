package dev.telepath.manager.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.manager.security.TokenRefused.Reason;
import dev.telepath.manager.security.TokenReviews.Answer;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class KubernetesIdentityTest {
    private static final String CLIENTS = "system:serviceaccount:telepath:telepath-client";
    private static final String OWNER = "0123456789abcdef0123456789abcdef";
    private static final String TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final Deque<Runnable> questions = new ArrayDeque<>();
    private final List<String> results = new ArrayList<>();
    private Answer answer = vouched(CLIENTS, Map.of());
    private boolean away;
    private final ReviewCache cache = new ReviewCache(
            token -> {
                if (away) {
                    throw new TokenReviews.Unavailable("the API server does not answer", new Exception("gone"));
                }
                return answer;
            },
            new ReviewCache.Limits(Duration.ofMinutes(1), Duration.ofMinutes(10), 16, 2),
            () -> now,
            questions::add,
            results::add);
    private final KubernetesIdentity identity = new KubernetesIdentity(cache, "telepath", "telepath-client");

    private static Answer vouched(String user, Map<String, List<String>> extra) {
        return new Answer.Vouched(account(user), extra, false);
    }

    private static Principal.Account account(String user) {
        return new Principal.Account(user, List.of("system:serviceaccounts"), "u-9");
    }

    private static Answer pod(String account, String name) {
        return vouched(
                account,
                Map.of(
                        "authentication.kubernetes.io/pod-name", List.of(name),
                        "authentication.kubernetes.io/pod-uid", List.of("u-1")));
    }

    private void passes(Duration time) {
        now = now.plus(time);
    }

    private static Reason refusal(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        assertThat(future).isCompletedExceptionally();
        return TokenRefused.in(future.exceptionNow()).reason();
    }

    @Test
    void theClientsServiceAccountIsAClientWhateverPodItsTokenIsBoundTo() throws Exception {
        assertThat(identity.principal(vouched(CLIENTS, Map.of()), OWNER).role()).isEqualTo(Role.CLIENT);
        assertThat(identity.principal(pod(CLIENTS, "web-1"), OWNER).role()).isEqualTo(Role.CLIENT);
    }

    @Test
    void aSessionBelongsToTheOwnersSecretNotToOneToken() throws Exception {
        var first = identity.principal(
                vouched(CLIENTS, Map.of("authentication.kubernetes.io/credential-id", List.of("JTI=1"))), OWNER);
        var renewed = identity.principal(
                vouched(CLIENTS, Map.of("authentication.kubernetes.io/credential-id", List.of("JTI=2"))), OWNER);
        var other = identity.principal(vouched(CLIENTS, Map.of()), OWNER.replace('0', '1'));
        assertThat(renewed.owns(first)).isTrue();
        assertThat(other.owns(first)).isFalse();
        assertThat(first.subject()).doesNotContain(OWNER);
    }

    @Test
    void withoutAnOwnerASessionBelongsToTheToken() throws Exception {
        var first = identity.principal(
                vouched(CLIENTS, Map.of("authentication.kubernetes.io/credential-id", List.of("JTI=1"))), null);
        var second = identity.principal(
                vouched(CLIENTS, Map.of("authentication.kubernetes.io/credential-id", List.of("JTI=2"))), null);
        assertThat(first.owns(second)).isFalse();
        assertThatThrownBy(() -> identity.principal(vouched(CLIENTS, Map.of()), null))
                .hasMessageContaining("no owner");
        assertThatThrownBy(() -> identity.principal(vouched(CLIENTS, Map.of()), "short"))
                .isInstanceOf(TokenRefused.class);
    }

    @Test
    void aTokenThatIsBoundToAPodIsAnAgentOfThatPodsWorkloadAlone() throws Exception {
        var agent = identity.principal(pod("system:serviceaccount:shop:default", "web-5d-x1"), null);
        assertThat(agent.role()).isEqualTo(Role.AGENT);
        assertThat(agent.subject()).isEqualTo("shop/web-5d-x1");
        assertThat(agent.mayGuard("shop", "web", "web-5d-x1", "u-1")).isTrue();
        assertThat(agent.mayGuard("shop", "web", "", "")).isTrue();
        assertThat(agent.mayGuard("other", "web", "web-5d-x1", "u-1")).isFalse();
        assertThat(agent.mayGuard("shop", "we", "web-5d-x1", "u-1")).isFalse();
        assertThat(agent.mayGuard("shop", "web", "web-5d-x2", "u-1")).isFalse();
        assertThat(agent.mayGuard("shop", "web", "web-5d-x1", "u-2")).isFalse();
    }

    @Test
    void anybodyElseIsRefusedByName() {
        assertThatThrownBy(() -> identity.principal(vouched("kubernetes-admin", Map.of()), OWNER))
                .hasMessageContaining("kubernetes-admin");
        assertThatThrownBy(() ->
                        identity.principal(vouched("system:serviceaccount:shop:telepath-client", Map.of()), OWNER))
                .hasMessageContaining("shop:telepath-client");
        assertThatThrownBy(() -> identity.principal(new Answer.Unknown("token expired"), OWNER))
                .hasMessageContaining("does not vouch")
                .hasMessageContaining("token expired");
    }

    @Test
    void anAccountOfItsOwnThatMayHaveAClientsTokenIsAClientOfThatName() throws Exception {
        String alice = "system:serviceaccount:team:alice";
        var asked = new ArrayList<String>();
        TokenReviews reviews = new ClientAccounts(
                token -> token.equals("pod") ? pod(alice, "web-1") : vouched(token, Map.of()),
                (who, what) -> asked.add(who.user() + " " + what + " " + what.namespace() + "/" + what.name())
                        && who.user().equals(alice),
                "telepath",
                "telepath-client");
        var own = identity.principal(reviews.review(alice), OWNER);
        assertThat(own.role()).isEqualTo(Role.CLIENT);
        assertThat(own.account().orElseThrow().user()).isEqualTo(alice);
        assertThat(own.owns(identity.principal(reviews.review(CLIENTS), OWNER))).isFalse();
        assertThat(identity.principal(reviews.review("pod"), OWNER).role()).isEqualTo(Role.AGENT);
        assertThatThrownBy(() -> identity.principal(reviews.review("eve"), OWNER))
                .hasMessageContaining("eve")
                .hasMessageContaining("Role telepath-client");
        assertThat(asked)
                .containsExactly(
                        alice + " create serviceaccounts/token telepath/telepath-client",
                        "eve create serviceaccounts/token telepath/telepath-client");
    }

    @Test
    void oneQuestionIsAskedAtATimeAndItsAnswerIsKeptForAWhile() {
        var first = identity.verify(TOKEN, OWNER).toCompletableFuture();
        var second = identity.verify(TOKEN, OWNER).toCompletableFuture();
        assertThat(first).isNotDone();
        assertThat(questions).hasSize(1);
        questions.remove().run();
        assertThat(first.join()).isEqualTo(second.join());
        passes(Duration.ofSeconds(59));
        assertThat(identity.verify(TOKEN, OWNER).toCompletableFuture()).isDone();
        passes(Duration.ofSeconds(2));
        assertThat(identity.verify(TOKEN, OWNER).toCompletableFuture()).isNotDone();
        assertThat(questions).hasSize(1);
    }

    @Test
    void aTokenThatNobodyVouchesForIsRefusedWithoutAskingAgain() {
        answer = new Answer.Unknown("");
        var first = identity.verify(TOKEN, OWNER);
        questions.remove().run();
        assertThat(refusal(first)).isEqualTo(Reason.NOT_VOUCHED);
        assertThat(refusal(identity.verify(TOKEN, OWNER))).isEqualTo(Reason.NOT_VOUCHED);
        assertThat(questions).isEmpty();
    }

    @Test
    void whileNobodyCanBeAskedOldAnswersHoldForABoundedTime() {
        identity.verify(TOKEN, OWNER);
        questions.remove().run();
        away = true;
        passes(Duration.ofMinutes(5));
        var held = identity.verify(TOKEN, OWNER).toCompletableFuture();
        questions.remove().run();
        assertThat(held.join().role()).isEqualTo(Role.CLIENT);
        passes(Duration.ofMinutes(6));
        var late = identity.verify(TOKEN, OWNER);
        questions.remove().run();
        assertThat(refusal(late)).isEqualTo(Reason.UNREVIEWED);
        assertThat(Reason.UNREVIEWED.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(Reason.NOT_VOUCHED.status().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(results).containsExactly("vouched", "failed", "failed");
    }

    @Test
    void questionsAndTokensAreBounded() {
        identity.verify(TOKEN + "1", OWNER);
        identity.verify(TOKEN + "2", OWNER);
        assertThat(cache.asking()).isEqualTo(2);
        assertThat(refusal(identity.verify(TOKEN + "3", OWNER))).isEqualTo(Reason.UNREVIEWED);
        for (int i = 0; i < 40; i++) {
            while (!questions.isEmpty()) {
                questions.remove().run();
            }
            identity.verify(TOKEN + i, OWNER);
        }
        assertThat(cache.size()).isLessThanOrEqualTo(16);
    }

    @Test
    void aTokenOfThisInstallationIsNotAskedAbout() throws Exception {
        var tokens = new Tokens(new byte[32], () -> now);
        var callers = new Callers(tokens, Optional.of(identity));
        String ours = "Bearer " + tokens.issue("bob", Role.CLIENT, Duration.ofHours(1));
        assertThat(callers.verify(ours, null).toCompletableFuture().join().subject())
                .isEqualTo("bob");
        String theirs = "Bearer " + TOKEN;
        assertThat(callers.verify(theirs, null).toCompletableFuture()).isNotDone();
        assertThat(questions).hasSize(1);
        assertThat(refusal(callers.verify(null, null))).isEqualTo(Reason.MISSING);
        assertThat(refusal(new Callers(tokens, Optional.empty()).verify(theirs, null)))
                .isEqualTo(Reason.MALFORMED);
    }

    @Test
    void anAnswerEndsWithTheTokenItself() {
        String ending = "eyJhbGciOiJSUzI1NiJ9."
                + java.util.Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(("{\"exp\":" + now.plusSeconds(30).getEpochSecond() + "}").getBytes())
                + ".c2ln";
        identity.verify(ending, OWNER);
        questions.remove().run();
        passes(Duration.ofSeconds(29));
        assertThat(identity.verify(ending, OWNER).toCompletableFuture()).isDone();
        passes(Duration.ofSeconds(2));
        assertThat(identity.verify(ending, OWNER).toCompletableFuture()).isNotDone();
    }
}
