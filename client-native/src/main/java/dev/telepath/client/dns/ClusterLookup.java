package dev.telepath.client.dns;

import dev.telepath.client.dns.AnswerCache.Found;
import dev.telepath.client.dns.AnswerCache.Question;
import dev.telepath.dns.Answer;
import dev.telepath.dns.Lookup;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ResponseCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Asks the far side for names: what is known is not asked again, and equal questions that are under way share one answer.
 * Thread-safe, never blocks. Who asks bounds how many questions there are.
 */
final class ClusterLookup implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(ClusterLookup.class);

    private final Lookup far;
    private final AnswerCache cache;
    private final Duration timeout;
    private final DnsMetrics metrics;
    private final Map<Question, CompletableFuture<Found>> pending = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /**
     * @param timeout time that one question has, whatever it waits for
     */
    ClusterLookup(Lookup far, AnswerCache cache, Duration timeout, DnsMetrics metrics) {
        this.far = far;
        this.cache = cache;
        this.timeout = timeout;
        this.metrics = metrics;
    }

    /**
     * The records of a name. That a name is unknown is only said when it has no addresses of the other family either: some
     * that are asked say so of a name that has just no record of the type.
     *
     * @param name in lower case, without the last dot
     * @return never fails; an answer with another code than those {@link Answer#isTold} is a failure
     */
    CompletionStage<Found> ask(String name, int type) {
        var key = new Question(name, type);
        if (cache.find(key).isPresent()) {
            metrics.cacheHit();
        }
        return once(key).thenCompose(found -> {
            if (!found.answer().isUnknownName() || name.endsWith(".arpa")) {
                return CompletableFuture.completedFuture(found);
            }
            return once(new Question(name, type == RecordType.A ? RecordType.AAAA : RecordType.A))
                    .thenApply(other -> {
                        if (other.answer().isUnknownName()) {
                            return found;
                        }
                        int rcode = other.answer().isTold() ? ResponseCode.NO_ERROR : ResponseCode.SERVER_FAILURE;
                        return new Found(new Answer(rcode, List.of()), 0, found.mostSeconds());
                    });
        });
    }

    /** Whether that question is put to the far side now. */
    boolean isUnderWay(String name, int type) {
        return pending.containsKey(new Question(name, type));
    }

    private CompletableFuture<Found> once(Question key) {
        Optional<Found> known = cache.find(key);
        if (known.isPresent()) {
            return CompletableFuture.completedFuture(known.get());
        }
        var fresh = new CompletableFuture<Found>();
        CompletableFuture<Found> there = pending.putIfAbsent(key, fresh);
        if (there != null) {
            return there;
        }
        // The one that was under way may have ended between the two looks; then this asks once more than needed.
        CompletableFuture<Answer> asked = asked(key);
        asked.copy().orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS).whenComplete((answer, failure) -> {
            if (answer == null) {
                asked.cancel(false);
                LOG.debugf("cluster did not answer name=%s type=%s cause=%s", key.name(), key.type(), failure);
            }
            Found found = cache.put(key, answer == null ? Answer.FAILED : answer);
            pending.remove(key, fresh);
            fresh.complete(found);
        });
        if (closed) {
            fresh.complete(cache.put(key, Answer.FAILED));
        }
        return fresh;
    }

    private CompletableFuture<Answer> asked(Question key) {
        try {
            return closed
                    ? CompletableFuture.failedFuture(new IllegalStateException("not connected any more"))
                    : far.ask(key.name(), key.type()).toCompletableFuture();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Questions that are put to the far side now. */
    int underWay() {
        return pending.size();
    }

    int cached() {
        return cache.size();
    }

    @Override
    public void close() {
        closed = true;
        var failed = new Found(Answer.FAILED, 0, 0);
        pending.values().forEach(one -> one.complete(failed));
        cache.clear();
    }
}
