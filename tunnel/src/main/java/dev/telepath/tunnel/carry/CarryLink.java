package dev.telepath.tunnel.carry;

import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.resume.Link;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * One link of one stream at a time, on one call. Data is sent only while the call takes it; the few other frames wait, and
 * of acknowledgements only the last. What comes is taken a few frames at a time.
 *
 * <p>Confined to the streams' event loop; the publisher and the subscriber may be used on any thread.
 */
public final class CarryLink implements Link {
    /** Frames asked of the call at a time. */
    private static final int BATCH = 32;

    /** What becomes of a link whose stream is over while the call is not. On the event loop. */
    @FunctionalInterface
    interface Afterwards {
        void rests(CarryLink link);
    }

    /** Whom a link tells. On the event loop. */
    interface Owner {
        void frame(CarryLink link, StreamFrame frame);

        void ready(CarryLink link);

        /** The other side sends no more; nothing follows. */
        void over(CarryLink link, @Nullable Throwable cause);
    }

    private final CarriedStreams streams;
    private final EventExecutor loop;
    private final ArrayDeque<StreamFrame> queue = new ArrayDeque<>(4);
    private final long since;
    private final Afterwards afterwards;
    private final Runnable flushing = this::flush;
    private Owner owner;
    /** Of the stream that has said goodbye and not heard the other edge's. */
    private @Nullable Owner closing;

    private Flow.@Nullable Subscriber<? super StreamFrame> call;
    private Flow.@Nullable Subscription source;
    private long demand;
    private int taken;
    private boolean sending;
    private boolean finished;
    private boolean completed;
    private boolean over;

    CarryLink(CarriedStreams streams, Owner owner, Afterwards afterwards) {
        this.streams = streams;
        this.loop = streams.loop();
        this.since = streams.now();
        this.owner = owner;
        this.afterwards = afterwards;
    }

    /** When it began, as {@link CarriedStreams#now} says it. */
    long since() {
        return since;
    }

    /** Whether neither side has ended it, as far as is known here. */
    boolean carries() {
        return !over && !finished;
    }

    /** Tells somebody else from now on. */
    void hand(Owner next) {
        owner = next;
    }

    /** Tells somebody else as soon as the owner of now has heard the other edge's goodbye. */
    void handBehindGoodbye(Owner next) {
        closing = owner;
        owner = next;
    }

    // ---- outgoing ---------------------------------------------------------------------------------------------------

    @Override
    public void send(StreamFrame frame) {
        if (finished) {
            return;
        }
        StreamFrame last = queue.peekLast();
        if (frame.hasAck() && last != null && last.hasAck()) {
            queue.removeLast();
        }
        queue.add(frame);
        flush();
    }

    @Override
    public boolean ready() {
        return demand > 0 && queue.isEmpty() && !finished;
    }

    @Override
    public void finish() {
        finished = true;
        flush();
    }

    @Override
    public void leave(StreamFrame goodbye) {
        if (over || finished) {
            finish();
            return;
        }
        queue.add(goodbye);
        streams.soon(flushing);
        afterwards.rests(this);
    }

    private void flush() {
        Flow.Subscriber<? super StreamFrame> to = call;
        if (sending || to == null || completed) {
            return;
        }
        sending = true;
        while (demand > 0 && !queue.isEmpty()) {
            demand--;
            to.onNext(queue.remove());
        }
        sending = false;
        if (finished && queue.isEmpty()) {
            completed = true;
            to.onComplete();
        }
    }

    /** What the link sends, for one call. */
    public Flow.Publisher<StreamFrame> outgoing() {
        return to -> onLoop(() -> {
            call = to;
            to.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {
                    onLoop(() -> asked(n));
                }

                @Override
                public void cancel() {
                    onLoop(() -> {
                        completed = true;
                        end(null);
                    });
                }
            });
        });
    }

    private void asked(long n) {
        demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        // Asked by the very frame that is being sent: the sender goes on by itself.
        if (!sending) {
            flush();
            if (ready()) {
                owner.ready(this);
            }
        }
    }

    // ---- incoming ---------------------------------------------------------------------------------------------------

    /** Takes what the call brings. */
    public Flow.Subscriber<StreamFrame> incoming() {
        return new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                onLoop(() -> source = subscription);
                subscription.request(BATCH);
            }

            @Override
            public void onNext(StreamFrame frame) {
                onLoop(() -> came(frame));
            }

            @Override
            public void onError(Throwable cause) {
                onLoop(() -> end(cause));
            }

            @Override
            public void onComplete() {
                onLoop(() -> end(null));
            }
        };
    }

    private void came(StreamFrame frame) {
        if (over) {
            return;
        }
        Owner before = closing;
        if (before == null) {
            owner.frame(this, frame);
        } else {
            if (frame.hasGone() || frame.hasReset()) {
                closing = null;
            }
            before.frame(this, frame);
        }
        Flow.Subscription from = source;
        if (++taken == BATCH / 2 && from != null) {
            taken = 0;
            from.request(BATCH / 2);
        }
    }

    private void end(@Nullable Throwable cause) {
        if (over) {
            return;
        }
        over = true;
        Owner before = closing;
        if (before != null) {
            closing = null;
            before.over(this, cause);
        }
        owner.over(this, cause);
        finish();
    }

    /** Ends the call at once, whatever is under way. */
    void drop() {
        Flow.Subscription from = source;
        if (from != null) {
            from.cancel();
        }
        finish();
    }

    private void onLoop(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }
}
