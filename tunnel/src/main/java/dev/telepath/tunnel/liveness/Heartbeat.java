package dev.telepath.tunnel.liveness;

import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.Pulse;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.capability.Capabilities;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.reconnect.Cause;
import dev.telepath.tunnel.reconnect.Loop;
import dev.telepath.tunnel.reconnect.Loss;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An edge's pulses on one connection. With a peer that does not know them it is silent, and no loss.
 *
 * <p>Confined to one loop; the public methods may be called on any thread.
 */
public final class Heartbeat {
    /** Intervals of silence that end a check. */
    private static final int LOOKS = 4;

    private final Channel channel;
    private final Capabilities peer;
    private final String session;
    private final Rhythm rhythm;
    private final Loop loop;
    private final Consumer<Loss> lost;
    private final Silence silence;
    private final Pulses pulses = new Pulses();
    private final Credit credit = new Credit(Credit.FRAME, 0);
    private @Nullable Cancellable call;
    private Runnable cancelTick = () -> {};
    private Runnable cancelCheck = () -> {};
    private long number;
    private long sentAt;
    private volatile @Nullable Duration roundTrip;
    private boolean ended;

    /**
     * @param session that the peer knows this edge by
     * @param lost called at most once, on the loop, not after {@link #end}
     */
    public Heartbeat(
            Channel channel, Capabilities peer, String session, Rhythm rhythm, Loop loop, Consumer<Loss> lost) {
        this.channel = channel;
        this.peer = peer;
        this.session = session;
        this.rhythm = rhythm;
        this.loop = loop;
        this.lost = lost;
        this.silence = new Silence(rhythm.intervals());
    }

    /** Begins. Once. */
    public void start() {
        loop.execute(() -> {
            if (ended) {
                return;
            }
            call = peer.watch(Capability.HEARTBEAT, this::beat, this::notOffered)
                    .subscribe()
                    .with(
                            echo -> loop.execute(() -> heard(echo)),
                            failure -> loop.execute(() -> lose(Loss.of(failure))),
                            () -> loop.execute(() -> lose(Loss.ended("the heartbeat"))));
            tick();
        });
    }

    /** How long the latest answer took, there and back; empty before the first. Any thread. */
    public Optional<Duration> roundTrip() {
        return Optional.ofNullable(roundTrip);
    }

    private void heard(Pulse echo) {
        if (echo.getNumber() == number) {
            roundTrip = Duration.ofNanos(System.nanoTime() - sentAt);
        }
        silence.heard();
        cancelCheck.run();
    }

    /**
     * There is reason to doubt the connection: a pulse is sent at once, and the peer given up when nothing answers for a time that may
     * be shorter than the rhythm's.
     *
     * @param limit at least 4 ms
     */
    public void check(Duration limit) {
        loop.execute(() -> {
            if (!ended) {
                cancelCheck.run();
                pulses.due();
                look(new Silence(LOOKS), limit.dividedBy(LOOKS));
            }
        });
    }

    private void look(Silence since, Duration period) {
        cancelCheck = loop.after(period, () -> {
            if (!since.lasts()) {
                look(since, period);
                return;
            }
            long millis = period.multipliedBy(LOOKS).toMillis();
            lose(new Loss(Cause.SILENCE, "the peer did not answer within " + millis + " ms when it was checked"));
        });
    }

    /** Stops, and ends the call. Idempotent. */
    public void end() {
        loop.execute(this::stop);
    }

    private Multi<Pulse> beat() {
        return CallBridge.call(
                channel,
                LivenessGrpc.getBeatMethod(),
                CallOptions.DEFAULT,
                credit,
                Multi.createFrom().publisher(pulses));
    }

    private Multi<Pulse> notOffered() {
        end();
        return Multi.createFrom().nothing();
    }

    private void tick() {
        if (ended) {
            return;
        }
        pulses.due();
        cancelTick = loop.after(rhythm.interval(), () -> {
            if (silence.lasts()) {
                lose(new Loss(
                        Cause.SILENCE,
                        "the peer did not answer the heartbeat within "
                                + rhythm.limit().toMillis() + " ms"));
            } else {
                tick();
            }
        });
    }

    private void lose(Loss loss) {
        if (!ended) {
            stop();
            lost.accept(loss);
        }
    }

    private void stop() {
        ended = true;
        cancelTick.run();
        cancelCheck.run();
        if (call != null) {
            call.cancel();
        }
    }

    private Pulse next() {
        sentAt = System.nanoTime();
        var pulse = Pulse.newBuilder().setNumber(++number);
        if (number == 1) {
            pulse.setSessionId(session).setIntervalNanos(rhythm.interval().toNanos());
        }
        return pulse.build();
    }

    /** At most one pulse waits to be asked for; more would prove no more. */
    private final class Pulses implements Flow.Publisher<Pulse>, Flow.Subscription {
        private Flow.@Nullable Subscriber<? super Pulse> subscriber;
        private long asked;
        private boolean due;

        @Override
        public void subscribe(Flow.Subscriber<? super Pulse> next) {
            next.onSubscribe(this);
            loop.execute(() -> {
                subscriber = next;
                send();
            });
        }

        void due() {
            due = true;
            send();
        }

        private void send() {
            if (due && asked > 0 && subscriber != null && !ended) {
                due = false;
                asked--;
                subscriber.onNext(next());
            }
        }

        @Override
        public void request(long n) {
            loop.execute(() -> {
                asked = asked + n < 0 ? Long.MAX_VALUE : asked + n;
                send();
            });
        }

        @Override
        public void cancel() {
            loop.execute(() -> subscriber = null);
        }
    }
}
