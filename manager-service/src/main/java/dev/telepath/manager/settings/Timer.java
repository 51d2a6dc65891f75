package dev.telepath.manager.settings;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** The manager's one timer thread, and its wall clock. Tasks must be short and must not block. Thread-safe. */
@Singleton
public final class Timer {
    private static final Logger LOG = Logger.getLogger(Timer.class);

    private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1, task -> {
        var one = new Thread(task, "manager-timer");
        one.setDaemon(true);
        return one;
    });

    public Timer() {
        thread.setRemoveOnCancelPolicy(true);
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** The wall clock. */
    public InstantSource clock() {
        return InstantSource.system();
    }

    /** Runs the task once, later. */
    public Future<?> after(Duration delay, Runnable task) {
        return thread.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Runs the task again and again, first after one period. */
    public Future<?> every(Duration period, Runnable task) {
        return thread.scheduleWithFixedDelay(guarded(task), period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.errorf(e, "timer task failed task=%s", task.getClass().getName());
            }
        };
    }

    @PreDestroy
    void stop() {
        thread.shutdownNow();
    }
}
