package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.util.concurrent.EventExecutor;
import io.smallrye.mutiny.Multi;
import java.util.ArrayDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A stream end as a split uses it: read frame by frame, written while it takes what it is given. Whatever thread the end
 * uses, the listener hears of it on the loop, in order. Confined to the loop.
 */
final class Leg {
    /** Called on the loop. Nothing comes after {@link #ended} or {@link #failed} but {@link #drained}. */
    interface Listener {
        void received(Leg leg, ByteString bytes);

        /** The end's half-close. */
        void ended(Leg leg);

        void failed(Leg leg, StreamFailure why);

        /** All that was written is taken. */
        void drained(Leg leg);
    }

    private final String name;
    private final StreamEnd end;
    private final EventExecutor loop;
    private final Listener listener;
    private final ConcurrentLinkedQueue<Runnable> inbox = new ConcurrentLinkedQueue<>();
    private final ArrayDeque<Frame> queue = new ArrayDeque<>();
    private Flow.@Nullable Subscription source;
    private Flow.@Nullable Subscriber<? super Frame> sink;
    private long demand;
    private boolean reading;
    private boolean inputOver;
    private boolean finishing;
    private boolean outputOver;
    private boolean draining;
    /** A write left something waiting, so the listener is to hear when it is taken. */
    private boolean owed;

    /**
     * @param name of the destination, for its owner
     */
    Leg(String name, StreamEnd end, EventExecutor loop, Listener listener) {
        this.name = name;
        this.end = end;
        this.loop = loop;
        this.listener = listener;
    }

    /** What the end has said already comes at once, so whoever listens is to know the leg by now. */
    void start() {
        Flow.Publisher<Frame> output = this::subscribed;
        end.send(Multi.createFrom().publisher(output));
        end.receive().subscribe().withSubscriber(new Input());
    }

    String name() {
        return name;
    }

    /** Asks for one frame, unless one is asked for already. */
    void read() {
        Flow.Subscription from = source;
        if (!reading && !inputOver && from != null) {
            reading = true;
            from.request(1);
        }
    }

    /** Whether all that was written is taken. */
    boolean writable() {
        return queue.isEmpty();
    }

    /** Whether the end sends nothing any more. */
    boolean inputOver() {
        return inputOver;
    }

    void write(ByteString bytes) {
        if (outputOver || finishing) {
            return;
        }
        for (int from = 0; from < bytes.size(); from += FrameCodec.MAX_DATA) {
            queue.add(new Frame.Data(bytes.substring(from, Math.min(bytes.size(), from + FrameCodec.MAX_DATA))));
        }
        drain();
        owed = !queue.isEmpty();
    }

    /** Half-closes when all that was written is taken. */
    void finish() {
        finishing = true;
        drain();
    }

    /** Resets the end; the listener hears no more. */
    void fail(String why) {
        inputOver = true;
        queue.clear();
        if (!outputOver) {
            outputOver = true;
            if (sink != null) {
                sink.onError(new StreamFailure.Reset(why));
            }
        }
        if (source != null) {
            source.cancel();
        }
    }

    private void drain() {
        Flow.Subscriber<? super Frame> to = sink;
        if (to == null || draining || outputOver) {
            return;
        }
        draining = true;
        while (demand > 0 && !queue.isEmpty()) {
            demand--;
            to.onNext(queue.remove());
        }
        draining = false;
        if (queue.isEmpty() && !outputOver) {
            if (finishing) {
                outputOver = true;
                to.onComplete();
            } else if (owed) {
                owed = false;
                loop.execute(() -> listener.drained(this));
            }
        }
    }

    private void subscribed(Flow.Subscriber<? super Frame> to) {
        onLoop(() -> {
            sink = to;
            to.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {
                    onLoop(() -> {
                        demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
                        drain();
                    });
                }

                @Override
                public void cancel() {
                    onLoop(() -> {
                        outputOver = true;
                        queue.clear();
                    });
                }
            });
            if (outputOver) {
                to.onError(new StreamFailure.Reset("the connection ended"));
            }
        });
    }

    /** Keeps the order of what different threads bring. */
    private void onLoop(Runnable task) {
        inbox.add(task);
        if (loop.inEventLoop()) {
            empty();
        } else {
            loop.execute(this::empty);
        }
    }

    private void empty() {
        Runnable task;
        while ((task = inbox.poll()) != null) {
            task.run();
        }
    }

    private final class Input implements Flow.Subscriber<Frame> {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            onLoop(() -> {
                source = subscription;
                if (inputOver) {
                    subscription.cancel();
                } else {
                    reading = true;
                    subscription.request(1);
                }
            });
        }

        @Override
        public void onNext(Frame frame) {
            onLoop(() -> {
                reading = false;
                if (inputOver) {
                    return;
                }
                if (frame instanceof Frame.Data data) {
                    listener.received(Leg.this, data.bytes());
                } else {
                    read();
                }
            });
        }

        @Override
        public void onError(Throwable failure) {
            onLoop(() -> {
                if (!inputOver) {
                    inputOver = true;
                    listener.failed(Leg.this, StreamFailure.of(failure));
                }
            });
        }

        @Override
        public void onComplete() {
            onLoop(() -> {
                if (!inputOver) {
                    inputOver = true;
                    listener.ended(Leg.this);
                }
            });
        }
    }
}
