package dev.telepath.manager.watch;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import io.smallrye.mutiny.Multi;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes level-triggered streams: the whole state first, then a message whenever it has changed. A subscriber that does
 * not ask has at most one message pending, which is made of the state at the time it asks.
 *
 * <p>Thread-safe. Items are emitted on the executor that the subscriber's call runs on.
 */
@Singleton
public final class Watches {
    private final Timer timer;
    private final Duration window;

    @Inject
    Watches(Timer timer, ManagerSettings settings) {
        this(timer, settings.watches().window());
    }

    /**
     * @param window changes within it are told as one
     */
    public Watches(Timer timer, Duration window) {
        this.timer = timer;
        this.window = window;
    }

    /** Makes a message of what was told last (null at first) and the state now; empty when there is nothing to tell. */
    @FunctionalInterface
    public interface Teller<S, O> {
        Optional<O> tell(@Nullable S before, S now);
    }

    /** Whole snapshots: told when unequal to the last. */
    public static <S> Teller<S, S> snapshots() {
        return (before, now) -> now.equals(before) ? Optional.empty() : Optional.of(now);
    }

    /**
     * @param sources what may change the state
     * @param state takes a snapshot, quickly; must be immutable
     * @param over ends the stream normally once it is true; looked at whenever a source fires
     * @param loop a serial executor
     */
    public <S, O> Multi<O> watch(
            List<Changes> sources, Supplier<S> state, Teller<S, O> teller, BooleanSupplier over, Executor loop) {
        return Multi.createFrom().publisher(subscriber -> {
            var watch = new Watch<>(sources, state, teller, over, loop, subscriber);
            subscriber.onSubscribe(watch);
            sources.forEach(source -> source.listen(watch.signal));
            loop.execute(watch::look);
        });
    }

    /** Confined to its executor, but for the signal. */
    private final class Watch<S, O> implements Flow.Subscription {
        private final List<Changes> sources;
        private final Supplier<S> state;
        private final Teller<S, O> teller;
        private final BooleanSupplier over;
        private final Executor loop;
        private final Flow.Subscriber<? super O> subscriber;
        private final AtomicBoolean signalled = new AtomicBoolean();
        private final Runnable signal = this::signal;

        private @Nullable S told;
        private long demand;
        private boolean changed;
        private boolean done;

        Watch(
                List<Changes> sources,
                Supplier<S> state,
                Teller<S, O> teller,
                BooleanSupplier over,
                Executor loop,
                Flow.Subscriber<? super O> subscriber) {
            this.sources = sources;
            this.state = state;
            this.teller = teller;
            this.over = over;
            this.loop = loop;
            this.subscriber = subscriber;
        }

        private void signal() {
            if (signalled.compareAndSet(false, true)) {
                var _ = timer.after(window, () -> loop.execute(this::look));
            }
        }

        private void look() {
            signalled.set(false);
            changed = true;
            if (over.getAsBoolean()) {
                complete();
            } else {
                emit();
            }
        }

        private void emit() {
            if (done || !changed || demand == 0) {
                return;
            }
            changed = false;
            Optional<O> message;
            try {
                S now = state.get();
                message = teller.tell(told, now);
                told = now;
            } catch (RuntimeException e) {
                finish();
                subscriber.onError(e);
                return;
            }
            if (message.isPresent()) {
                demand--;
                subscriber.onNext(message.get());
            }
        }

        @Override
        public void request(long n) {
            loop.execute(() -> {
                demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
                emit();
            });
        }

        @Override
        public void cancel() {
            loop.execute(this::finish);
        }

        private void finish() {
            done = true;
            sources.forEach(source -> source.ignore(signal));
        }

        private void complete() {
            if (!done) {
                finish();
                subscriber.onComplete();
            }
        }
    }
}
