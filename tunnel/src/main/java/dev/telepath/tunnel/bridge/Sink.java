package dev.telepath.tunnel.bridge;

import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Pulls items from a source in batches that its credit allows, only while the transport behind it takes them. The
 * transport calls {@link #pull()} when it is ready for more.
 *
 * <p>Thread-safe: the source may emit on another thread than the one that calls {@link #pull()}.
 */
public abstract class Sink<T> implements Flow.Subscriber<T> {
    private static final Flow.Subscription ENDED = new Flow.Subscription() {
        @Override
        public void request(long n) {}

        @Override
        public void cancel() {}
    };

    /** A batch filled within this time is a burst. */
    private static final long BURST_NANOS = 20_000_000;

    private static final int MAX_BATCH = 1024;

    private final Credit credit;
    private final AtomicReference<Flow.@Nullable Subscription> upstream = new AtomicReference<>();
    private int batch;
    private int outstanding;
    private int wanted = 1;
    private long pulledAt;

    protected Sink(Credit credit) {
        this.credit = credit;
    }

    /** Whether the transport would take an item without queueing it. Any thread. */
    protected abstract boolean ready();

    /** Hands an item to the transport. Serial. */
    protected abstract void write(T item);

    /** The source completed. Serial with {@link #write}. */
    protected abstract void completed();

    /** The source failed. Serial with {@link #write}. */
    protected abstract void failed(Throwable cause);

    @Override
    public final void onSubscribe(Flow.Subscription subscription) {
        if (!upstream.compareAndSet(null, subscription)) {
            subscription.cancel();
            return;
        }
        pull();
    }

    /** Asks the source for the next batch when the last one is written and the transport is ready. */
    public final void pull() {
        Flow.Subscription source = upstream.get();
        if (source == null || source == ENDED) {
            return;
        }
        int frames;
        synchronized (this) {
            // The second look keeps credit from being taken after the end gave it back.
            if (outstanding > 0 || upstream.get() != source || !ready()) {
                return;
            }
            // A source that filled the last batch at once gets a larger one; one that trickles holds no more than a
            // frame.
            long now = System.nanoTime();
            wanted = batch > 0 && now - pulledAt < BURST_NANOS ? Math.min(2 * wanted, MAX_BATCH) : 1;
            pulledAt = now;
            credit.giveBack(batch);
            frames = credit.take(wanted);
            batch = frames;
            outstanding = frames;
        }
        source.request(frames);
    }

    @Override
    public final void onNext(T item) {
        if (upstream.get() == ENDED) {
            return;
        }
        write(item);
        boolean empty;
        synchronized (this) {
            empty = --outstanding == 0;
        }
        if (empty) {
            pull();
        }
    }

    @Override
    public final void onError(Throwable cause) {
        if (end() != null) {
            failed(cause);
        }
    }

    @Override
    public final void onComplete() {
        if (end() != null) {
            completed();
        }
    }

    /** Stops pulling; the source is cancelled. Idempotent. */
    public final void cancel() {
        Flow.Subscription source = end();
        if (source != null) {
            source.cancel();
        }
    }

    private Flow.@Nullable Subscription end() {
        Flow.Subscription before = upstream.getAndSet(ENDED);
        if (before == ENDED) {
            return null;
        }
        synchronized (this) {
            credit.giveBack(batch);
            batch = 0;
        }
        return before == null ? ENDED : before;
    }
}
