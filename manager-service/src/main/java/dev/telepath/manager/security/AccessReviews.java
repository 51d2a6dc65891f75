package dev.telepath.manager.security;

import dev.telepath.manager.security.Principal.Account;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * What an account may do, as the API server says by SubjectAccessReview. Answers are kept for a short while and in bounded
 * number; a bounded number of questions is under way at a time. Thread-safe; never blocks.
 */
public final class AccessReviews {
    /**
     * Bounds.
     *
     * @param keep how long an answer is taken without asking again
     * @param most answers that are known at a time
     * @param pending questions at a time
     */
    record Limits(Duration keep, int most, int pending) {}

    /**
     * Something to be done to an object of the cluster.
     *
     * @param resource plural, with its subresource after a slash
     */
    public record Right(String verb, String group, String resource, String namespace, String name) {
        /** As RBAC writes it: verb and resource. */
        @Override
        public String toString() {
            return verb + " " + resource + (group.isEmpty() ? "" : "." + group);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Right that
                    && verb.equals(that.verb)
                    && group.equals(that.group)
                    && resource.equals(that.resource)
                    && namespace.equals(that.namespace)
                    && name.equals(that.name);
        }

        @Override
        public int hashCode() {
            return Objects.hash(verb, group, resource, namespace, name);
        }
    }

    /** Who is asked. */
    @FunctionalInterface
    interface Source {
        /**
         * Blocks, for a bounded time.
         *
         * @throws TokenReviews.Unavailable when nobody answers
         */
        boolean allowed(Account who, Right what) throws TokenReviews.Unavailable;
    }

    /** What is told of each question: allowed, refused or failed. */
    @FunctionalInterface
    interface Meter {
        void asked(String result);
    }

    private record Question(Account who, Right what) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Question that && who.equals(that.who) && what.equals(that.what);
        }

        @Override
        public int hashCode() {
            return 31 * who.hashCode() + what.hashCode();
        }
    }

    private record Known(boolean allowed, Instant until) {}

    private final Source source;
    private final Limits limits;
    private final InstantSource clock;
    private final Executor blocking;
    private final Meter meter;
    private final Semaphore slots;
    private final Map<Question, Known> known;

    /**
     * @param blocking where questions are asked, which block
     */
    AccessReviews(Source source, Limits limits, InstantSource clock, Executor blocking, Meter meter) {
        this.source = source;
        this.limits = limits;
        this.clock = clock;
        this.blocking = blocking;
        this.meter = meter;
        this.slots = new Semaphore(limits.pending());
        this.known = new Recent<>(limits.most());
    }

    /**
     * Whether that account may do that. Fails with a {@link io.grpc.StatusRuntimeException} of UNAVAILABLE when nobody can
     * be asked; may complete on any thread.
     */
    public CompletionStage<Boolean> allowed(Account who, Right what) {
        var question = new Question(who, what);
        synchronized (known) {
            Known before = known.get(question);
            if (before != null && clock.instant().isBefore(before.until())) {
                return CompletableFuture.completedStage(before.allowed());
            }
        }
        if (!slots.tryAcquire()) {
            return CompletableFuture.failedStage(unavailable("too many questions are under way"));
        }
        var answer = new CompletableFuture<Boolean>();
        blocking.execute(() -> ask(question, answer));
        return answer;
    }

    private void ask(Question question, CompletableFuture<Boolean> answer) {
        try {
            boolean allowed = source.allowed(question.who(), question.what());
            meter.asked(allowed ? "allowed" : "refused");
            synchronized (known) {
                known.put(question, new Known(allowed, clock.instant().plus(limits.keep())));
            }
            answer.complete(allowed);
        } catch (TokenReviews.Unavailable | RuntimeException e) {
            meter.asked("failed");
            answer.completeExceptionally(unavailable(String.valueOf(e.getMessage())));
        } finally {
            slots.release();
        }
    }

    private static RuntimeException unavailable(String why) {
        return Status.UNAVAILABLE
                .withDescription("the API server could not be asked what you may do: " + why + "; try again")
                .asRuntimeException();
    }
}
