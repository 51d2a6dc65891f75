package dev.telepath.manager.relay;

import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamFailure;
import io.micrometer.core.instrument.Counter;
import io.smallrye.mutiny.Multi;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The frames of one direction of a joined stream: counted on their way, and ended from outside when the manager ends.
 * Frames pass on the source's thread; {@link #end} may be called on any.
 */
final class JoinedFrames implements Flow.Subscriber<Frame>, Flow.Subscription {
    private final Multi<Frame> source;
    private final Counter bytes;
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile Flow.@Nullable Subscription upstream;
    private volatile Flow.@Nullable Subscriber<? super Frame> downstream;

    JoinedFrames(Multi<Frame> source, Counter bytes) {
        this.source = source;
        this.bytes = bytes;
    }

    /** For one subscriber, once. */
    Multi<Frame> frames() {
        return Multi.createFrom().publisher(subscriber -> {
            downstream = subscriber;
            source.subscribe().withSubscriber(this);
        });
    }

    /** The subscriber sees a failure, the source a cancellation. Nothing when the direction is over or not begun. */
    void end(StreamFailure why) {
        Flow.Subscription from = upstream;
        Flow.Subscriber<? super Frame> to = downstream;
        if (from != null && to != null && over.compareAndSet(false, true)) {
            from.cancel();
            to.onError(why);
        }
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        Flow.Subscriber<? super Frame> to = downstream;
        if (to != null) {
            upstream = subscription;
            to.onSubscribe(this);
        }
    }

    @Override
    public void onNext(Frame frame) {
        Flow.Subscriber<? super Frame> to = downstream;
        if (to == null || over.get()) {
            return;
        }
        if (frame instanceof Frame.Data data) {
            bytes.increment(data.bytes().size());
        }
        to.onNext(frame);
    }

    @Override
    public void onError(Throwable cause) {
        Flow.Subscriber<? super Frame> to = downstream;
        if (to != null && over.compareAndSet(false, true)) {
            to.onError(cause);
        }
    }

    @Override
    public void onComplete() {
        Flow.Subscriber<? super Frame> to = downstream;
        if (to != null && over.compareAndSet(false, true)) {
            to.onComplete();
        }
    }

    @Override
    public void request(long n) {
        Flow.Subscription from = upstream;
        if (from != null) {
            from.request(n);
        }
    }

    @Override
    public void cancel() {
        Flow.Subscription from = upstream;
        if (from != null) {
            over.set(true);
            from.cancel();
        }
    }
}
