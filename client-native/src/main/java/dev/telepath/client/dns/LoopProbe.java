package dev.telepath.client.dns;

import dev.telepath.dns.Answer;
import dev.telepath.dns.Lookup;
import dev.telepath.dns.RecordType;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Finds out whether the cluster's DNS hands questions to this machine, as it may where both run on one. The far side is asked once
 * for a name that nobody else knows, under each suffix that goes there; if that name is asked for here, questions go in a
 * circle. Two programs that ask for the same name cannot be told from a circle otherwise. Thread-safe, never blocks.
 */
final class LoopProbe implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(LoopProbe.class);
    private static final String PREFIX = "tp-probe-";
    /** Suffixes that are tried. */
    private static final int MOST = 64;
    /** How often it is tried to ask a far side that does not answer. */
    private static final int TRIES = 60;

    private final Lookup far;
    private final Supplier<List<String>> suffixes;
    private final Duration again;
    private final Duration most;
    /** Suffixes by first label: at most {@link #TRIES} for each. */
    private final Map<String, String> probes = new ConcurrentHashMap<>();

    private final Set<String> loops = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * @param suffixes that go to the far side, without dots around them; asked when it begins
     * @param again wait before it is tried again where the far side cannot be asked
     * @param most time that the far side has for an answer
     */
    LoopProbe(Lookup far, Supplier<List<String>> suffixes, Duration again, Duration most) {
        this.far = far;
        this.suffixes = suffixes;
        this.again = again;
        this.most = most;
    }

    /** Begins. Once. */
    void start() {
        attempt(1);
    }

    private void attempt(int tries) {
        if (closed) {
            return;
        }
        var random = new SecureRandom();
        var asked = new ArrayList<CompletableFuture<Answer>>();
        for (String suffix : suffixes.get().stream().distinct().limit(MOST).toList()) {
            byte[] label = new byte[8];
            random.nextBytes(label);
            String first = PREFIX + HexFormat.of().formatHex(label);
            probes.put(first, suffix);
            asked.add(ask(first + "." + suffix));
        }
        CompletableFuture.allOf(asked.toArray(new CompletableFuture<?>[0])).whenComplete((done, failure) -> {
            if (failure != null && tries < TRIES && loops.isEmpty()) {
                CompletableFuture.delayedExecutor(again.toMillis(), TimeUnit.MILLISECONDS)
                        .execute(() -> attempt(tries + 1));
            }
        });
    }

    private CompletableFuture<Answer> ask(String name) {
        try {
            return far.ask(name, RecordType.A)
                    .toCompletableFuture()
                    .copy()
                    .orTimeout(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /**
     * Whether a question here is one that was put to the far side. Then there is a loop, which is remembered and told once.
     *
     * @param name in lower case, without the last dot
     */
    boolean isProbe(String name) {
        if (!name.startsWith(PREFIX)) {
            return false;
        }
        // A resolver on the way may have completed the name.
        int dot = name.indexOf('.');
        String suffix = probes.get(dot < 0 ? name : name.substring(0, dot));
        if (suffix == null) {
            return false;
        }
        if (loops.add(suffix)) {
            LOG.warnf(
                    "the cluster's DNS asks this machine for names under %s, which would ask the cluster again; tp breaks the"
                            + " circle, see docs/dns.md",
                    suffix);
        }
        return true;
    }

    /** Suffixes that were found to loop. */
    Set<String> loops() {
        return loops;
    }

    List<String> sortedLoops() {
        return List.copyOf(new TreeSet<>(loops));
    }

    @Override
    public void close() {
        closed = true;
    }
}
