package dev.telepath.tunnel.carry;

import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.resume.Budget;
import dev.telepath.tunnel.resume.GrowingWindow;
import dev.telepath.tunnel.resume.ResetCode;
import dev.telepath.tunnel.resume.Window;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/**
 * What all resumable streams of a process share: the event loop, the memory budget, the resume window, the counts.
 *
 * <p>Confined to the event loop, except for the counts.
 */
public final class CarriedStreams {
    private static final Logger LOG = Logger.getLogger(CarriedStreams.class);
    private static final long TICK_MILLIS = 500;
    /** How long an acknowledgement or a goodbye that nobody waits for may wait for something to go along with. */
    private static final long DEFER_MILLIS = 20;

    private final EventExecutor loop;
    private final CarrySettings settings;
    private final Blocks blocks;
    private final MeterRegistry metrics;
    private final LongSupplier nanos;
    private final Budget budget;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger suspendedCount = new AtomicInteger();
    private final AtomicInteger resting = new AtomicInteger();
    private final Counter replayed;
    private final Counter dropped;
    private final Counter reused;
    private final Counter direct;
    private final Counter moved;
    private final Timer resumes;
    private final Map<ResumableEnd, Long> suspended = new LinkedHashMap<>();
    private final Set<Runnable> deferred = new LinkedHashSet<>();
    private final List<CompletableFuture<Void>> waitingForQuiet = new ArrayList<>();
    private int most;
    private long outageBegan;
    private long replayedBefore;

    /**
     * @param blocks of the sockets that are joined to the streams, and of the calls that carry them
     */
    public CarriedStreams(EventExecutor loop, CarrySettings settings, Blocks blocks, MeterRegistry metrics) {
        this(loop, settings, blocks, metrics, System::nanoTime);
    }

    /**
     * @param nanos a clock for the age of links
     */
    CarriedStreams(
            EventExecutor loop, CarrySettings settings, Blocks blocks, MeterRegistry metrics, LongSupplier nanos) {
        this.loop = loop;
        this.blocks = blocks;
        this.nanos = nanos;
        this.settings = settings;
        this.metrics = metrics;
        this.budget = new Budget(settings.budget());
        metrics.gauge("telepath.streams.resumable", Tags.empty(), open, AtomicInteger::get);
        metrics.gauge("telepath.streams.suspended", Tags.empty(), suspendedCount, AtomicInteger::get);
        metrics.gauge("telepath.links.idle", Tags.empty(), resting, AtomicInteger::get);
        Gauge.builder("telepath.stream.budget.used.bytes", budget, Budget::used).register(metrics);
        Gauge.builder("telepath.stream.budget.bytes", budget, Budget::capacity).register(metrics);
        Gauge.builder("telepath.stream.blocks.free.bytes", blocks, Blocks::kept).register(metrics);
        this.replayed = metrics.counter("telepath.stream.replayed.bytes");
        this.dropped = metrics.counter("telepath.stream.datagrams.lost");
        this.reused = metrics.counter("telepath.links.reused");
        this.direct = metrics.counter("telepath.links.direct");
        this.moved = metrics.counter("telepath.links.moved");
        this.resumes = Timer.builder("telepath.stream.resume")
                .description("from the loss of a stream's link until both edges are in step again")
                .publishPercentiles(0.5, 0.99)
                .register(metrics);
        loop.scheduleAtFixedRate(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** What they are confined to. */
    public EventExecutor loop() {
        return loop;
    }

    /** Nanoseconds of no particular beginning. */
    long now() {
        return nanos.getAsLong();
    }

    Blocks blocks() {
        return blocks;
    }

    Budget budget() {
        return budget;
    }

    CarrySettings settings() {
        return settings;
    }

    Window window() {
        return new GrowingWindow(settings.firstWindow(), settings.mostWindow(), budget);
    }

    /** Streams that are open, suspended ones included. Any thread. */
    public int open() {
        return open.get();
    }

    /** Streams that wait for a link. Any thread. */
    public int suspended() {
        return suspendedCount.get();
    }

    /** Links without a stream that are kept for the next. Any thread. */
    public int idleLinks() {
        return resting.get();
    }

    /** Bytes kept by all streams now. Any thread. */
    public long budgetUsed() {
        return budget.used();
    }

    /**
     * Waits until none is open. Any thread.
     *
     * @param most how long; streams that wait for a link cannot end sooner
     * @return completes, never exceptionally, when none is open or the time is over
     */
    public CompletionStage<Void> quiet(Duration most) {
        var quiet = new CompletableFuture<Void>();
        loop.execute(() -> {
            if (open.get() == 0) {
                quiet.complete(null);
            } else {
                waitingForQuiet.add(quiet);
            }
        });
        return quiet.completeOnTimeout(null, most.toMillis(), TimeUnit.MILLISECONDS);
    }

    void began() {
        open.incrementAndGet();
    }

    /**
     * Sends what may wait for something to go along with; once, however often it is asked for until then. One timer for all:
     * most have sent something until then.
     */
    void soon(Runnable sending) {
        if (deferred.isEmpty()) {
            loop.schedule(this::sendDeferred, DEFER_MILLIS, TimeUnit.MILLISECONDS);
        }
        deferred.add(sending);
    }

    private void sendDeferred() {
        var due = List.copyOf(deferred);
        deferred.clear();
        due.forEach(Runnable::run);
    }

    void suspended(ResumableEnd end) {
        if (suspended.isEmpty()) {
            outageBegan = System.nanoTime();
            most = 0;
            replayedBefore = (long) replayed.count();
            LOG.info("streams suspended");
        }
        suspended.put(end, System.nanoTime());
        most = Math.max(most, suspended.size());
        suspendedCount.set(suspended.size());
    }

    void resumed(ResumableEnd end) {
        Long since = suspended.remove(end);
        if (since != null) {
            resumes.record(System.nanoTime() - since, TimeUnit.NANOSECONDS);
            left();
        }
    }

    void ended(ResumableEnd end, ResetCode code) {
        if (open.decrementAndGet() == 0) {
            waitingForQuiet.forEach(one -> one.complete(null));
            waitingForQuiet.clear();
        }
        metrics.counter(
                        "telepath.streams.ended",
                        "cause",
                        code.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .increment();
        if (suspended.remove(end) != null) {
            left();
        }
    }

    private void left() {
        suspendedCount.set(suspended.size());
        if (suspended.isEmpty()) {
            LOG.infof(
                    "streams resumed most=%d millis=%d replayedBytes=%d",
                    most, (System.nanoTime() - outageBegan) / 1_000_000, (long) replayed.count() - replayedBefore);
        }
    }

    /** Links came to rest, or do so no more. */
    void resting(int change) {
        resting.addAndGet(change);
    }

    void reused() {
        reused.increment();
    }

    /** A link past the manager, in place of one by it. */
    void moved() {
        direct();
        moved.increment();
    }

    /** A link past the manager. */
    void direct() {
        direct.increment();
    }

    void replayed(long bytes) {
        replayed.increment(bytes);
    }

    void dropped(long datagrams) {
        dropped.increment(datagrams);
    }

    private void tick() {
        long before = System.nanoTime() - settings.resumeWindow().toNanos();
        var late = new ArrayList<ResumableEnd>();
        suspended.forEach((end, since) -> {
            if (since < before) {
                late.add(end);
            }
        });
        if (!late.isEmpty()) {
            LOG.warnf("streams ended, no link came within the resume window streams=%d", late.size());
            late.forEach(ResumableEnd::expire);
        }
    }
}
