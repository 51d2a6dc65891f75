package dev.telepath.tunnel.reconnect;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** One thread at a time, in order, with timers. An event loop in the programs, a virtual clock in tests. */
public interface Loop {
    /** Runs the task later, after those before it. Any thread. */
    void execute(Runnable task);

    /**
     * Runs the task after that time, unless cancelled before. Called on the loop.
     *
     * @return cancels it, idempotent
     */
    Runnable after(Duration wait, Runnable task);

    /**
     * The loop of an executor that runs one task at a time, such as a Netty event loop. What is handed to one that has
     * shut down is dropped.
     */
    static Loop of(ScheduledExecutorService executor) {
        return new Loop() {
            @Override
            public void execute(Runnable task) {
                if (!executor.isShutdown()) {
                    executor.execute(task);
                }
            }

            @Override
            public Runnable after(Duration wait, Runnable task) {
                var timer = executor.schedule(task, wait.toNanos(), TimeUnit.NANOSECONDS);
                return () -> timer.cancel(false);
            }
        };
    }
}
