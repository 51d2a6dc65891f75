package dev.telepath.manager.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.manager.security.AccessReviews.Right;
import dev.telepath.manager.security.Principal.Account;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class AccessReviewsTest {
    private static final Account ALICE = new Account("alice", List.of("devs"), "");
    private static final Account BOB = new Account("bob", List.of("devs"), "");
    private static final Right WEB = new Right("engage", "apps", "deployments", "shop", "web");

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private boolean away;
    private final Deque<Runnable> questions = new ArrayDeque<>();
    private final List<String> results = new ArrayList<>();
    private final AccessReviews reviews = new AccessReviews(
            (who, what) -> {
                if (away) {
                    throw new TokenReviews.Unavailable("it does not answer", new Exception("gone"));
                }
                return who.equals(ALICE);
            },
            new AccessReviews.Limits(Duration.ofSeconds(10), 2, 2),
            () -> now,
            questions::add,
            results::add);

    private boolean answered(Account who, Right what) {
        var answer = reviews.allowed(who, what).toCompletableFuture();
        while (!questions.isEmpty()) {
            questions.remove().run();
        }
        return answer.join();
    }

    @Test
    void answersAreKeptForAWhileEachForItsAccount() {
        assertThat(answered(ALICE, WEB)).isTrue();
        assertThat(answered(BOB, WEB)).isFalse();
        now = now.plusSeconds(9);
        assertThat(answered(ALICE, WEB)).isTrue();
        assertThat(answered(BOB, WEB)).isFalse();
        assertThat(results).containsExactly("allowed", "refused");
        now = now.plusSeconds(2);
        away = true;
        assertThatThrownBy(() -> answered(ALICE, WEB))
                .hasMessageContaining("UNAVAILABLE")
                .hasMessageContaining("it does not answer");
    }

    @Test
    void answersAndQuestionsAreBounded() {
        for (String name : List.of("a", "b", "c")) {
            answered(ALICE, new Right("engage", "apps", "deployments", "shop", name));
        }
        answered(ALICE, new Right("engage", "apps", "deployments", "shop", "a"));
        assertThat(results).hasSize(4);
        reviews.allowed(BOB, WEB);
        reviews.allowed(BOB, new Right("patch", "apps", "deployments", "shop", "web"));
        assertThatThrownBy(() -> reviews.allowed(BOB, new Right("get", "apps", "deployments", "shop", "web"))
                        .toCompletableFuture()
                        .join())
                .hasMessageContaining("too many");
    }
}
