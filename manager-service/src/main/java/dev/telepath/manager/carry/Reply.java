package dev.telepath.manager.carry;

import dev.telepath.protocol.v1.StreamFrame;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * What the edge of a call is sent: nothing until the call's greeting is dealt with, then the frames that were found for it.
 * One subscriber, once. Thread-safe.
 */
final class Reply implements Flow.Publisher<StreamFrame> {
    private final CompletionStage<? extends Flow.Publisher<StreamFrame>> source;
    private final Runnable ended;

    /**
     * @param ended runs before the subscriber is told of the end; not when it cancels
     */
    Reply(CompletionStage<? extends Flow.Publisher<StreamFrame>> source, Runnable ended) {
        this.source = source;
        this.ended = ended;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super StreamFrame> subscriber) {
        var passing = new Passing(subscriber);
        subscriber.onSubscribe(passing);
        source.whenComplete((frames, failure) -> {
            if (failure != null) {
                passing.onError(failure);
            } else {
                frames.subscribe(passing);
            }
        });
    }

    private final class Passing implements Flow.Subscriber<StreamFrame>, Flow.Subscription {
        private final Flow.Subscriber<? super StreamFrame> downstream;
        private Flow.@Nullable Subscription upstream;
        private long early;
        private boolean cancelled;

        Passing(Flow.Subscriber<? super StreamFrame> downstream) {
            this.downstream = downstream;
        }

        @Override
        public void request(long n) {
            Flow.Subscription to;
            synchronized (this) {
                to = upstream;
                if (to == null) {
                    early = early + n < 0 ? Long.MAX_VALUE : early + n;
                }
            }
            if (to != null) {
                to.request(n);
            }
        }

        @Override
        public void cancel() {
            Flow.Subscription to;
            synchronized (this) {
                cancelled = true;
                to = upstream;
            }
            if (to != null) {
                to.cancel();
            }
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            long demand;
            boolean unwanted;
            synchronized (this) {
                upstream = subscription;
                demand = early;
                unwanted = cancelled;
            }
            if (unwanted) {
                subscription.cancel();
            } else if (demand > 0) {
                subscription.request(demand);
            }
        }

        @Override
        public void onNext(StreamFrame frame) {
            downstream.onNext(frame);
        }

        @Override
        public void onError(Throwable cause) {
            ended.run();
            downstream.onError(cause);
        }

        @Override
        public void onComplete() {
            ended.run();
            downstream.onComplete();
        }
    }
}
