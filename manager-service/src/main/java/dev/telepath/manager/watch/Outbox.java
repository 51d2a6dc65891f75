package dev.telepath.manager.watch;

import io.smallrye.mutiny.Multi;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of requests towards one subscriber. What does not fit is refused to the sender, never dropped
 * silently. Thread-safe; items are emitted on the given serial executor.
 */
public final class Outbox<T> {
    private final int capacity;
    private final Executor loop;
    private final Queue<T> queue = new ArrayDeque<>();
    private Flow.@Nullable Subscriber<? super T> subscriber;
    private long demand;
    private boolean closed;

    /**
     * @param capacity most items that wait, at least 1
     */
    public Outbox(int capacity, Executor loop) {
        this.capacity = capacity;
        this.loop = loop;
    }

    /** Queues an item. False when the queue is full or the subscriber is gone. */
    public boolean offer(T item) {
        synchronized (this) {
            if (closed || queue.size() >= capacity) {
                return false;
            }
            queue.add(item);
        }
        loop.execute(this::drain);
        return true;
    }

    /** Ends the stream normally. Idempotent. */
    public void close() {
        Flow.Subscriber<? super T> to;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            queue.clear();
            to = subscriber;
        }
        if (to != null) {
            loop.execute(to::onComplete);
        }
    }

    /** The items, for one subscriber, once. Cancelling closes the queue. */
    public Multi<T> items() {
        return Multi.createFrom().publisher(to -> {
            boolean over;
            synchronized (this) {
                subscriber = to;
                over = closed;
            }
            to.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {
                    loop.execute(() -> asked(n));
                }

                @Override
                public void cancel() {
                    synchronized (Outbox.this) {
                        closed = true;
                        queue.clear();
                    }
                }
            });
            if (over) {
                to.onComplete();
            }
        });
    }

    private void asked(long n) {
        synchronized (this) {
            demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        }
        drain();
    }

    private void drain() {
        while (true) {
            T item;
            Flow.Subscriber<? super T> to;
            synchronized (this) {
                to = subscriber;
                if (closed || demand == 0 || to == null) {
                    return;
                }
                item = queue.poll();
                if (item == null) {
                    return;
                }
                demand--;
            }
            to.onNext(item);
        }
    }
}
