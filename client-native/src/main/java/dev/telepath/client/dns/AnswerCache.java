package dev.telepath.client.dns;

import dev.telepath.dns.Answer;
import dev.telepath.dns.ResourceRecord;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Answers of the far side, for as long as they may be given again. The one unused longest makes room. Thread-safe. */
final class AnswerCache {
    /** Bytes of records beyond which an answer is not kept. */
    private static final int MOST_OF_ONE = 4096;

    private final Map<Question, Kept> kept = new LinkedHashMap<>(64, 0.75f, true);
    private final LongSupplier nanoClock;
    private final Duration positive;
    private final Duration negative;
    private final int most;

    /** A name in lower case and a record type. */
    record Question(String name, int type) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Question that && type == that.type && name.equals(that.name);
        }

        @Override
        public int hashCode() {
            return 31 * name.hashCode() + type;
        }
    }

    /** An answer, when it was told and for how long it may be given, in nanoseconds. */
    record Kept(Answer answer, long at, long life) {}

    /**
     * An answer with what is left of it.
     *
     * @param ageSeconds since it was told, rounded up
     * @param mostSeconds how long it may still be given
     */
    record Found(Answer answer, long ageSeconds, long mostSeconds) {
        /** The TTL to write for one of its records. */
        long ttl(ResourceRecord one) {
            return Math.max(0, Math.min(one.ttl() - ageSeconds, mostSeconds));
        }
    }

    /**
     * @param positive bound of the records' own TTL
     * @param negative how long it is known that there is no such name or record
     * @param most entries; 0 = nothing is kept
     */
    AnswerCache(LongSupplier nanoClock, Duration positive, Duration negative, int most) {
        this.nanoClock = nanoClock;
        this.positive = positive;
        this.negative = negative;
        this.most = most;
    }

    synchronized Optional<Found> find(Question key) {
        Kept one = kept.get(key);
        if (one == null) {
            return Optional.empty();
        }
        long age = nanoClock.getAsLong() - one.at();
        if (age >= one.life()) {
            kept.remove(key);
            return Optional.empty();
        }
        return Optional.of(found(one.answer(), age, one.life() - age));
    }

    /** Keeps it if it may be kept, and tells how it is to be given now. */
    Found put(Question key, Answer answer) {
        long life = life(answer);
        if (life > 0 && most > 0 && answer.isTold() && answer.size() <= MOST_OF_ONE) {
            store(key, new Kept(answer, nanoClock.getAsLong(), life));
        }
        return found(answer, 0, life);
    }

    private synchronized void store(Question key, Kept one) {
        kept.put(key, one);
        if (kept.size() > most) {
            Iterator<Question> oldest = kept.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    private static Found found(Answer answer, long age, long left) {
        long second = Duration.ofSeconds(1).toNanos();
        return new Found(answer, Math.ceilDiv(age, second), left / second);
    }

    private long life(Answer answer) {
        if (answer.records().isEmpty()) {
            return negative.toNanos();
        }
        long shortest =
                answer.records().stream().mapToLong(ResourceRecord::ttl).min().orElse(0);
        return Math.min(Duration.ofSeconds(shortest).toNanos(), positive.toNanos());
    }

    synchronized int size() {
        return kept.size();
    }

    synchronized void clear() {
        kept.clear();
    }
}
