package dev.telepath.agent.divert;

import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamFailure;
import java.util.ArrayDeque;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Frames between a source that must not wait and a reader that may be slow. When more bytes wait than the buffer holds,
 * the frames end in a reset, and the source goes on.
 *
 * <p>Thread-safe; one subscriber.
 */
final class BoundedFrames implements Flow.Publisher<Frame>, Flow.Subscription {
    private final long capacity;
    private final Runnable overflowed;
    private final ArrayDeque<Frame.Data> queue = new ArrayDeque<>();
    private long queued;
    private long demand;
    private boolean ended;
    private boolean told;
    private boolean draining;
    private @Nullable StreamFailure failure;
    private Flow.@Nullable Subscriber<? super Frame> reader;

    /**
     * @param capacity bytes that may wait
     * @param overflowed called once, by the source's thread, when they did not fit
     */
    BoundedFrames(long capacity, Runnable overflowed) {
        this.capacity = capacity;
        this.overflowed = overflowed;
    }

    /** Adds a frame. Never waits. */
    void offer(Frame.Data frame) {
        boolean full;
        synchronized (this) {
            if (ended) {
                return;
            }
            full = queued + frame.bytes().size() > capacity;
            if (full) {
                end(new StreamFailure.Reset("the copy could not follow"));
                queue.clear();
                queued = 0;
            } else {
                queue.add(frame);
                queued += frame.bytes().size();
            }
        }
        if (full) {
            overflowed.run();
        }
        drain();
    }

    /** No more frames; those that wait are still delivered unless there is a failure. */
    void finish(@Nullable StreamFailure why) {
        synchronized (this) {
            if (ended) {
                return;
            }
            end(why);
        }
        drain();
    }

    private void end(@Nullable StreamFailure why) {
        ended = true;
        failure = why;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super Frame> subscriber) {
        synchronized (this) {
            reader = subscriber;
        }
        subscriber.onSubscribe(this);
        drain();
    }

    @Override
    public void request(long n) {
        synchronized (this) {
            demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        }
        drain();
    }

    @Override
    public void cancel() {
        synchronized (this) {
            ended = true;
            told = true;
            queue.clear();
            queued = 0;
        }
    }

    /** Delivers serially: whoever comes while another drains leaves the work to it. */
    private void drain() {
        synchronized (this) {
            if (draining) {
                return;
            }
            draining = true;
        }
        while (true) {
            Flow.Subscriber<? super Frame> to;
            Frame.Data next;
            StreamFailure why;
            synchronized (this) {
                to = reader;
                next = to == null || demand == 0 ? null : queue.poll();
                boolean over = to != null && !told && ended && queue.isEmpty() && next == null;
                if (next == null && !over) {
                    draining = false;
                    return;
                }
                if (next != null) {
                    demand--;
                    queued -= next.bytes().size();
                } else {
                    told = true;
                }
                why = failure;
            }
            if (to == null) {
                return;
            }
            if (next != null) {
                to.onNext(next);
            } else if (why != null) {
                to.onError(why);
            } else {
                to.onComplete();
            }
        }
    }
}
