package dev.telepath.tunnel.liveness;

import dev.telepath.protocol.v1.Pulse;
import dev.telepath.tunnel.reconnect.Loop;
import io.grpc.Status;
import io.smallrye.mutiny.Multi;
import java.time.Duration;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A manager's side of one edge's pulses: answers each with itself, and finds the edge silent. Confined to the call's
 * loop, on which the pulses come too.
 */
public final class HeartbeatAnswer {
    private static final int LOOKS = 3;
    /** What an edge may claim, so that its number cannot make it immortal. */
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final Loop loop;
    private final Duration limit;
    private final Consumer<Pulse> heard;
    private final Runnable silent;
    private final Silence silence = new Silence(LOOKS);
    private Runnable cancelLook = () -> {};
    private boolean looking;
    private boolean ended;

    /**
     * @param limit silence after which the edge is given up, at least 3 ms; longer for one whose interval is more than a
     *     third of it
     * @param heard called for every pulse before it is answered; what it throws ends the call
     * @param silent called once when the edge is given up, before the call ends with DEADLINE_EXCEEDED
     */
    public HeartbeatAnswer(Loop loop, Duration limit, Consumer<Pulse> heard, Runnable silent) {
        this.loop = loop;
        this.limit = limit;
        this.heard = heard;
        this.silent = silent;
    }

    /** The answers, with one subscriber. */
    public Multi<Pulse> answer(Multi<Pulse> pulses) {
        return Multi.createFrom().publisher(downstream -> pulses.subscribe().withSubscriber(new Echo(downstream)));
    }

    private Duration period(Pulse first) {
        Duration claimed = Duration.ofNanos(Math.max(0, first.getIntervalNanos()));
        Duration bounded = claimed.compareTo(LONGEST) > 0 ? LONGEST : claimed;
        Duration third = limit.dividedBy(LOOKS);
        return bounded.compareTo(third) > 0 ? bounded : third;
    }

    private final class Echo implements Flow.Subscriber<Pulse>, Flow.Subscription {
        private final Flow.Subscriber<? super Pulse> downstream;
        private Flow.@Nullable Subscription upstream;

        Echo(Flow.Subscriber<? super Pulse> downstream) {
            this.downstream = downstream;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            upstream = subscription;
            downstream.onSubscribe(this);
        }

        @Override
        public void onNext(Pulse pulse) {
            if (ended) {
                return;
            }
            try {
                heard.accept(pulse);
            } catch (RuntimeException e) {
                fail(e);
                return;
            }
            silence.heard();
            if (!looking) {
                looking = true;
                look(period(pulse));
            }
            downstream.onNext(pulse);
        }

        private void look(Duration period) {
            cancelLook = loop.after(period, () -> {
                if (ended) {
                    return;
                }
                if (silence.lasts()) {
                    silent.run();
                    fail(Status.DEADLINE_EXCEEDED
                            .withDescription("the edge sent no pulse within "
                                    + period.multipliedBy(LOOKS).toMillis() + " ms")
                            .asRuntimeException());
                } else {
                    look(period);
                }
            });
        }

        private void fail(Throwable cause) {
            end();
            if (upstream != null) {
                upstream.cancel();
            }
            downstream.onError(cause);
        }

        private void end() {
            ended = true;
            cancelLook.run();
        }

        @Override
        public void onError(Throwable cause) {
            if (!ended) {
                end();
                downstream.onError(cause);
            }
        }

        @Override
        public void onComplete() {
            if (!ended) {
                end();
                downstream.onComplete();
            }
        }

        @Override
        public void request(long n) {
            if (upstream != null) {
                upstream.request(n);
            }
        }

        @Override
        public void cancel() {
            end();
            if (upstream != null) {
                upstream.cancel();
            }
        }
    }
}
