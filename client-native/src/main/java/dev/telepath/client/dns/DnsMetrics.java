package dev.telepath.client.dns;

import dev.telepath.dns.Query;
import dev.telepath.dns.ResponseCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Counts questions by where they went and what came of them. Thread-safe. */
final class DnsMetrics {
    /** Who answered. */
    enum Kind {
        CLUSTER,
        OTHER
    }

    /** What came of a question. */
    enum Outcome {
        /** Records. */
        ANSWERED,
        /** The name has none of that type. */
        EMPTY,
        UNKNOWN,
        FAILED,
        /** Too many were under way. */
        REFUSED
    }

    private final Map<Kind, Map<Outcome, Counter>> questions = new EnumMap<>(Kind.class);
    private final Map<Kind, Timer> seconds = new EnumMap<>(Kind.class);
    private final Counter hits;

    DnsMetrics(MeterRegistry registry) {
        for (Kind kind : Kind.values()) {
            Map<Outcome, Counter> counters = new EnumMap<>(Outcome.class);
            for (Outcome outcome : Outcome.values()) {
                counters.put(
                        outcome,
                        registry.counter("telepath.dns.questions", "kind", word(kind), "outcome", word(outcome)));
            }
            questions.put(kind, counters);
            seconds.put(kind, registry.timer("telepath.dns.answer", "kind", word(kind)));
        }
        hits = registry.counter("telepath.dns.cache.hits");
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    void answered(Kind kind, byte[] answer, long nanos) {
        count(kind, outcome(answer));
        Timer timer = seconds.get(kind);
        if (timer != null) {
            timer.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    void refused(Kind kind) {
        count(kind, Outcome.REFUSED);
    }

    void cacheHit() {
        hits.increment();
    }

    private void count(Kind kind, Outcome outcome) {
        Counter counter = counters(kind).get(outcome);
        if (counter != null) {
            counter.increment();
        }
    }

    private Map<Outcome, Counter> counters(Kind kind) {
        return questions.getOrDefault(kind, Map.of());
    }

    private static Outcome outcome(byte[] answer) {
        if (answer.length < Query.HEADER) {
            return Outcome.FAILED;
        }
        return switch (answer[3] & 0xf) {
            case ResponseCode.NO_ERROR -> Query.short16(answer, 6) > 0 ? Outcome.ANSWERED : Outcome.EMPTY;
            case ResponseCode.NAME_ERROR -> Outcome.UNKNOWN;
            default -> Outcome.FAILED;
        };
    }

    long questions(Kind kind) {
        return (long)
                counters(kind).values().stream().mapToDouble(Counter::count).sum();
    }

    long cacheHits() {
        return (long) hits.count();
    }

    long failed() {
        double all = 0;
        for (Kind kind : Kind.values()) {
            for (Outcome outcome : new Outcome[] {Outcome.FAILED, Outcome.REFUSED}) {
                Counter counter = counters(kind).get(outcome);
                all += counter == null ? 0 : counter.count();
            }
        }
        return (long) all;
    }
}
