package dev.telepath.manager.carry;

import io.vertx.core.buffer.Buffer;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * What the edge of a call is sent: nothing until the call's greeting is dealt with, then the chunks that were found for it.
 * One subscriber, once. Thread-safe.
 */
final class Reply implements Flow.Publisher<Buffer> {
    private final CompletionStage<? extends Flow.Publisher<Buffer>> source;
    private final Runnable ended;

    /**
     * @param ended runs before the subscriber is told of the end; not when it cancels
     */
    Reply(CompletionStage<? extends Flow.Publisher<Buffer>> source, Runnable ended) {
        this.source = source;
        this.ended = ended;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super Buffer> subscriber) {
        var passing = new Passing(subscriber);
        subscriber.onSubscribe(passing);
        source.whenComplete((chunks, failure) -> {
            if (failure != null) {
                passing.onError(failure);
            } else {
                chunks.subscribe(passing);
            }
        });
    }

    private final class Passing implements Flow.Subscriber<Buffer>, Flow.Subscription {
        private final Flow.Subscriber<? super Buffer> downstream;
        private Flow.@Nullable Subscription upstream;
        private long early;
        private boolean cancelled;

        Passing(Flow.Subscriber<? super Buffer> downstream) {
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
        public void onNext(Buffer chunk) {
            downstream.onNext(chunk);
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
