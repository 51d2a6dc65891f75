package dev.telepath.harness.fault;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * One direction of a carried connection: a thread that reads and a thread that writes, with at most {@link #HELD} bytes
 * between them so that a delay does not cost bandwidth.
 */
final class Pump {
    private static final int CHUNK = 16 * 1024;
    private static final int CHUNKS = 64;
    /** The most bytes that wait here, with what the two threads have in hand. */
    static final int HELD = CHUNK * (CHUNKS + 2);

    /** What was read, and when; no bytes stand for the end of the stream. */
    private record Chunk(byte[] bytes, long readAt) {}

    private final Conditions conditions;
    private final Direction way;
    private final Socket from;
    private final Socket to;
    private final AtomicLong carried;
    private final Carried owner;
    private final BlockingQueue<Chunk> waiting = new ArrayBlockingQueue<>(CHUNKS);
    private final Thread reader;
    private final Thread writer;

    Pump(Conditions conditions, Direction way, Socket from, Socket to, AtomicLong carried, Carried owner) {
        this.conditions = conditions;
        this.way = way;
        this.from = from;
        this.to = to;
        this.carried = carried;
        this.owner = owner;
        this.reader = Thread.ofVirtual().name("fault-read-" + way).unstarted(this::read);
        this.writer = Thread.ofVirtual().name("fault-write-" + way).unstarted(this::write);
    }

    void start() {
        reader.start();
        writer.start();
    }

    void interrupt() {
        reader.interrupt();
        writer.interrupt();
    }

    private void read() {
        byte[] buffer = new byte[CHUNK];
        try {
            InputStream in = from.getInputStream();
            while (true) {
                conditions.awaitFlow(way);
                int read = in.read(buffer);
                if (owner.finished()) {
                    if (read < 0) {
                        owner.readerDone(way);
                        return;
                    }
                    continue;
                }
                waiting.put(
                        new Chunk(read < 0 ? new byte[0] : java.util.Arrays.copyOf(buffer, read), System.nanoTime()));
                if (read < 0) {
                    return;
                }
            }
        } catch (IOException e) {
            failed();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A dead route hides resets as well. */
    private void failed() {
        try {
            conditions.awaitFlow(way);
            owner.reset();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void write() {
        try {
            OutputStream out = to.getOutputStream();
            while (true) {
                Chunk chunk = waiting.take();
                if (owner.finished()) {
                    continue;
                }
                if (chunk.bytes().length == 0) {
                    awaitDue(chunk);
                    to.shutdownOutput();
                    owner.writerDone(way);
                    return;
                }
                forward(chunk, out);
            }
        } catch (IOException e) {
            if (!owner.finished()) {
                failed();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Fault awaitDue(Chunk chunk) throws InterruptedException {
        Fault fault = conditions.awaitFlow(way);
        while (fault instanceof Fault.Delay delay) {
            long left = chunk.readAt() + delay.eachWay().toNanos() - System.nanoTime();
            if (left <= 0) {
                return fault;
            }
            conditions.awaitTime(conditions.change(), left);
            fault = conditions.awaitFlow(way);
        }
        return fault;
    }

    private void forward(Chunk chunk, OutputStream out) throws IOException, InterruptedException {
        byte[] bytes = chunk.bytes();
        int at = 0;
        while (at < bytes.length) {
            Fault fault = awaitDue(chunk);
            int size = switch (fault) {
                case Fault.ByteAtATime one -> 1;
                // A twentieth of a second at a time.
                case Fault.Bandwidth line -> (int) Math.clamp(line.bytesPerSecond() / 20, 1, bytes.length - at);
                default -> bytes.length - at;
            };
            out.write(bytes, at, size);
            at += size;
            carried.addAndGet(size);
            if (fault instanceof Fault.Bandwidth line) {
                conditions.awaitTime(conditions.change(), TimeUnit.SECONDS.toNanos(size) / line.bytesPerSecond());
            } else if (fault instanceof Fault.ByteAtATime) {
                LockSupport.parkNanos(1);
            }
        }
    }
}
