package dev.telepath.manager.security;

import dev.telepath.manager.security.TokenRefused.Reason;
import dev.telepath.manager.security.TokenReviews.Answer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Answers about tokens, kept for a while: one question at a time about a token, a bounded number at a time about all. An
 * answer outlives its time while nobody can be asked, so that sessions do not end with the API server. Thread-safe; never
 * blocks.
 */
final class ReviewCache {
    private static final Logger LOG = Logger.getLogger(ReviewCache.class);

    /**
     * Bounds.
     *
     * @param keep how long an answer is taken without asking again
     * @param stale how long one that vouched is taken while nobody can be asked
     * @param most tokens that are known at a time
     * @param pending questions at a time
     */
    record Limits(Duration keep, Duration stale, int most, int pending) {}

    /** What is told of each question. */
    interface Meter {
        /**
         * @param result vouched, unknown, failed or refused (too many at a time)
         */
        void asked(String result);
    }

    private record Known(
            @Nullable Answer answer,
            Instant at,
            Instant ends,
            @Nullable CompletableFuture<Answer> asking) {}

    private final TokenReviews reviews;
    private final Limits limits;
    private final InstantSource clock;
    private final Executor blocking;
    private final Meter meter;
    private final Semaphore slots;
    private final Map<String, Known> known;
    private boolean away;

    /**
     * @param blocking where questions are asked, which block
     */
    ReviewCache(TokenReviews reviews, Limits limits, InstantSource clock, Executor blocking, Meter meter) {
        this.reviews = reviews;
        this.limits = limits;
        this.clock = clock;
        this.blocking = blocking;
        this.meter = meter;
        this.slots = new Semaphore(limits.pending());
        this.known = new Recent<>(limits.most());
    }

    /** Fails with {@link TokenRefused} of a reason that says to try again when nobody can be asked. */
    CompletionStage<Answer> of(String token) {
        Instant now = clock.instant();
        CompletableFuture<Answer> asking;
        Known before;
        synchronized (known) {
            before = known.get(token);
            if (before != null && before.asking() != null) {
                return before.asking();
            }
            if (before != null && before.answer() != null && usable(before, now, limits.keep())) {
                return CompletableFuture.completedStage(before.answer());
            }
            if (!slots.tryAcquire()) {
                meter.asked("refused");
                return CompletableFuture.failedStage(
                        new TokenRefused(Reason.UNREVIEWED, ": too many tokens are being asked about"));
            }
            asking = new CompletableFuture<>();
            known.put(
                    token,
                    before == null
                            ? new Known(null, Instant.MIN, Instant.MAX, asking)
                            : new Known(before.answer(), before.at(), before.ends(), asking));
        }
        blocking.execute(() -> ask(token, before, asking));
        return asking;
    }

    private void ask(String token, @Nullable Known before, CompletableFuture<Answer> asking) {
        Instant now = clock.instant();
        try {
            Answer answer = reviews.review(token);
            meter.asked(answer instanceof Answer.Vouched ? "vouched" : "unknown");
            back(true, "");
            remember(token, new Known(answer, now, Tokens.expiry(token), null));
            asking.complete(answer);
        } catch (TokenReviews.Unavailable | RuntimeException e) {
            meter.asked("failed");
            back(false, String.valueOf(e.getMessage()));
            Answer old = before == null ? null : before.answer();
            if (before != null && old instanceof Answer.Vouched && usable(before, now, limits.stale())) {
                remember(token, new Known(old, before.at(), before.ends(), null));
                asking.complete(old);
            } else {
                forget(token);
                asking.completeExceptionally(new TokenRefused(Reason.UNREVIEWED, ": " + e.getMessage()));
            }
        } finally {
            slots.release();
        }
    }

    private static boolean usable(Known one, Instant now, Duration most) {
        return now.isBefore(one.at().plus(most)) && now.isBefore(one.ends());
    }

    /** One line when it changes, not one for each question. */
    private void back(boolean answers, String why) {
        synchronized (known) {
            if (away != answers) {
                return;
            }
            away = !answers;
        }
        if (answers) {
            LOG.infof("token reviews answered again");
        } else {
            LOG.warnf("token reviews not answered cause=\"%s\"", why);
        }
    }

    private void remember(String token, Known one) {
        synchronized (known) {
            known.put(token, one);
        }
    }

    private void forget(String token) {
        synchronized (known) {
            known.remove(token);
        }
    }

    /** Tokens that are known now. */
    int size() {
        synchronized (known) {
            return known.size();
        }
    }

    /** Questions under way. */
    int asking() {
        return limits.pending() - slots.availablePermits();
    }
}
