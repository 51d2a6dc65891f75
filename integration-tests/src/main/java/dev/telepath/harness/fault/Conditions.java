package dev.telepath.harness.fault;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The fault that is on now, and waiting for another. Thread-safe. */
final class Conditions {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Fault fault = new Fault.Pass();
    private long changes;

    Fault now() {
        lock.lock();
        try {
            return fault;
        } finally {
            lock.unlock();
        }
    }

    /** Replaces the fault. Returns which change it is. */
    long change(Fault next) {
        lock.lock();
        try {
            fault = next;
            changes++;
            changed.signalAll();
            return changes;
        } finally {
            lock.unlock();
        }
    }

    /** Waits while bytes of that direction do not flow. Returns the fault under which they do. */
    Fault awaitFlow(Direction way) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (fault instanceof Fault.Blackhole hole && hole.ways().contains(way)) {
                changed.await();
            }
            return fault;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for that time, or until the fault changes. Returns whether it is still the given change. */
    boolean awaitTime(long change, long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (changes == change && left > 0) {
                left = changed.awaitNanos(left);
            }
            return changes == change;
        } finally {
            lock.unlock();
        }
    }

    long change() {
        lock.lock();
        try {
            return changes;
        } finally {
            lock.unlock();
        }
    }
}
