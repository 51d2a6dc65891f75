package dev.telepath.tunnel.reconnect;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SupervisedConnectionTest {
    private final VirtualLoop loop = new VirtualLoop();
    private final List<FakeConnection> opened = new ArrayList<>();
    private final List<Action.Report> reports = new ArrayList<>();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ConnectionMetrics metrics = new ConnectionMetrics(meters);
    private final SupervisedConnection supervised = new SupervisedConnection(
            this::open,
            report -> {
                reports.add(report);
                metrics.count(report);
            },
            new ReconnectPolicy(
                    new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(8)),
                    Duration.ofSeconds(10),
                    Optional.empty(),
                    false),
            loop,
            () -> loop.now,
            new Random(7));

    private SupervisedConnection.Connection open(SupervisedConnection.Listener listener) {
        assertThat(opened).allMatch(one -> one.freed.isDone());
        var connection = new FakeConnection(listener);
        opened.add(connection);
        return connection;
    }

    private FakeConnection newest() {
        return opened.getLast();
    }

    private void attach() {
        supervised.start();
        loop.run();
        newest().listener.attached();
        loop.run();
    }

    @Test
    void desiredStateIsSentAfterEveryAttach() {
        attach();
        loop.pass(Duration.ofSeconds(20));
        newest().listener.lost(Loss.ended("a watch"));
        loop.run();
        newest().freed.complete(null);
        loop.run();
        newest().listener.attached();
        loop.run();

        assertThat(opened).hasSize(2).allMatch(one -> one.syncs == 1);
        assertThat(supervised.state()).isInstanceOf(State.Attached.class);
    }

    @Test
    void theNextConnectionWaitsUntilTheLastHasFreedAll() {
        attach();
        supervised.reconnect();
        loop.pass(Duration.ofMinutes(1));
        assertThat(opened).hasSize(1);
        assertThat(newest().closed).isTrue();

        newest().freed.complete(null);
        loop.run();
        assertThat(opened).hasSize(2);
    }

    @Test
    void whatAClosedConnectionStillSaysIsIgnored() {
        attach();
        FakeConnection old = newest();
        supervised.reconnect();
        loop.run();
        old.freed.complete(null);
        loop.run();
        newest().listener.attached();
        loop.run();

        old.listener.lost(new Loss(Cause.RESET, "late"));
        loop.run();
        assertThat(supervised.state()).isInstanceOf(State.Attached.class);
    }

    @Test
    void aQuitWhileTheLastConnectionIsStillClosingOpensNoOther() {
        attach();
        supervised.reconnect();
        loop.run();
        var ended = supervised.quit().toCompletableFuture();
        loop.run();
        assertThat(ended).isNotDone();

        newest().freed.complete(null);
        loop.pass(Duration.ofMinutes(1));
        assertThat(ended).isDone();
        assertThat(opened).hasSize(1);
    }

    @Test
    void theWaitIsCutByTheNetworkAndNotTakenTwice() {
        attach();
        newest().listener.lost(new Loss(Cause.RESET, "reset"));
        loop.run();
        newest().freed.complete(null);
        assertThat(supervised.state()).isInstanceOf(State.Suspended.class);

        supervised.networkChanged();
        loop.pass(Duration.ofMinutes(1));
        assertThat(opened).hasSize(2);
    }

    @Test
    void theTimerBringsTheNextTryAndEachIsCounted() {
        attach();
        loop.pass(Duration.ofSeconds(3));
        newest().listener.lost(new Loss(Cause.SILENCE, "silent"));
        loop.run();
        newest().freed.complete(null);
        loop.pass(Duration.ofSeconds(5));
        assertThat(opened).hasSize(2);
        newest().listener.attached();
        loop.run();

        assertThat(meters.get("telepath.reconnects")
                        .tag("cause", "silence")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(meters.get("telepath.connection.state").gauge().value()).isEqualTo(2);
        assertThat(meters.get("telepath.resume").timer().totalTime(TimeUnit.SECONDS))
                .isEqualTo(5);
        assertThat(reports)
                .extracting(report -> report.to().getClass().getSimpleName())
                .containsExactly("Connecting", "Attached", "Suspended", "Connecting", "Attached");
    }

    @Test
    void anOpenerThatFailsIsALoss() {
        var failing = new SupervisedConnection(
                listener -> {
                    throw new IllegalArgumentException("no such file");
                },
                reports::add,
                new ReconnectPolicy(Backoff.STANDARD, Duration.ZERO, Optional.empty(), true),
                loop,
                () -> loop.now,
                new Random(7));
        failing.start();
        loop.run();
        assertThat(failing.state())
                .isEqualTo(new State.Stopped(
                        new State.Reason.Lost(new Loss(Cause.SETUP, "no such file"), State.Tries.NONE)));
    }

    private static final class FakeConnection implements SupervisedConnection.Connection {
        private final SupervisedConnection.Listener listener;
        private final CompletableFuture<Void> freed = new CompletableFuture<>();
        private boolean closed;
        private int syncs;

        FakeConnection(SupervisedConnection.Listener listener) {
            this.listener = listener;
        }

        @Override
        public void sync() {
            syncs++;
        }

        @Override
        public CompletionStage<Void> close(boolean goodbye) {
            assertThat(closed).isFalse();
            closed = true;
            return freed;
        }
    }

    /** Time passes only when told. */
    private static final class VirtualLoop implements Loop {
        private record Timer(Instant due, Runnable task) {}

        private final Deque<Runnable> tasks = new ArrayDeque<>();
        private final PriorityQueue<Timer> timers = new PriorityQueue<>(Comparator.comparing(Timer::due));
        private Instant now = Instant.EPOCH;

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        @Override
        public Runnable after(Duration wait, Runnable task) {
            var timer = new Timer(now.plus(wait), task);
            timers.add(timer);
            return () -> timers.remove(timer);
        }

        void run() {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        }

        void pass(Duration time) {
            Instant end = now.plus(time);
            run();
            for (Timer next = timers.peek(); next != null && !next.due().isAfter(end); next = timers.peek()) {
                timers.remove(next);
                now = next.due();
                next.task().run();
                run();
            }
            now = end;
        }
    }
}
