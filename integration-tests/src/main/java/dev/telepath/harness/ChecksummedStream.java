package dev.telepath.harness;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One side of a checksummed stream: a thread sends its sequence, another judges what comes. Both sides are the same but for
 * the head, which the caller sends first.
 */
final class ChecksummedStream {
    private static final int CHUNK = 8 * 1024;
    private static final Duration HALT = Duration.ofSeconds(2);
    private static final long MAGIC = 0x74656c6570617468L;
    private static final long ANSWER = 0x5deece66dL;

    /** What both sides know of a stream: how much goes each way, and how fast (bytes/s, 0 = as fast as it goes). */
    record Head(long seed, long toServer, long toCaller, long pace) {
        void write(OutputStream out) throws IOException {
            var data = new DataOutputStream(new java.io.BufferedOutputStream(out, 64));
            data.writeLong(MAGIC);
            data.writeLong(seed);
            data.writeLong(toServer);
            data.writeLong(toCaller);
            data.writeLong(pace);
            data.flush();
        }

        static Head read(InputStream in) throws IOException {
            var data = new DataInputStream(in);
            if (data.readLong() != MAGIC) {
                throw new IOException("this is no checksummed stream");
            }
            return new Head(data.readLong(), data.readLong(), data.readLong(), data.readLong());
        }

        Sequence upward() {
            return new Sequence(seed);
        }

        Sequence downward() {
            return new Sequence(seed ^ ANSWER);
        }
    }

    /** How a stream ended. */
    enum Outcome {
        RUNNING,
        /** All bytes of both directions, and nothing else. */
        DONE,
        /** An error of the socket, a reset most often. */
        RESET,
        /** The other side ended early. */
        CUT_SHORT,
        /** A byte that was not sent, or not there. */
        MISMATCH
    }

    /** The end and what is to be said of it. */
    record End(Outcome outcome, String why) {
        private static final End RUNNING = new End(Outcome.RUNNING, "");
    }

    private volatile long seed;
    private volatile End end = End.RUNNING;
    private volatile @Nullable Socket socket;
    private volatile boolean closed;
    private volatile boolean halted;
    private volatile boolean hurries;
    private volatile long sent;
    private volatile long received;
    private volatile long lastArrival = System.nanoTime();
    private volatile long longestPause;
    private volatile long mark;
    private volatile long afterMark = -1;

    /**
     * @param seed names it in messages; a served stream takes the one it is told
     */
    ChecksummedStream(long seed) {
        this.seed = seed;
    }

    /** The side that connects. Blocks until the stream is over. */
    void call(Checksummed.Way way, Head head) {
        try {
            Socket connected = way.connect();
            if (!adopt(connected)) {
                return;
            }
            head.write(connected.getOutputStream());
            carry(connected, head.upward(), head.toServer(), head.downward(), head.toCaller(), head.pace());
        } catch (IOException e) {
            over(Outcome.RESET, String.valueOf(e.getMessage()));
        } finally {
            close();
        }
    }

    /** The side that was connected to. Blocks until the stream is over. */
    void serve(Socket connected) {
        try {
            if (!adopt(connected)) {
                return;
            }
            Head head = Head.read(connected.getInputStream());
            seed = head.seed();
            carry(connected, head.downward(), head.toCaller(), head.upward(), head.toServer(), head.pace());
        } catch (IOException e) {
            over(Outcome.RESET, String.valueOf(e.getMessage()));
        } finally {
            close();
        }
    }

    private boolean adopt(Socket connected) throws IOException {
        connected.setTcpNoDelay(true);
        socket = connected;
        if (closed) {
            connected.close();
            return false;
        }
        return true;
    }

    private void carry(Socket connected, Sequence out, long outBytes, Sequence in, long inBytes, long pace) {
        Thread sender = Thread.ofVirtual().name("checksummed-send").start(() -> send(connected, out, outBytes, pace));
        boolean early = judge(connected, in, inBytes);
        try {
            if (early) {
                // Who writes may have taken the reset from who reads, and tells it now.
                halted = true;
                sender.join(HALT);
                over(Outcome.CUT_SHORT, "the end came at " + received + " of " + inBytes);
            }
            sender.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        over(Outcome.DONE, "");
    }

    private void send(Socket connected, Sequence out, long bytes, long pace) {
        int most = pace > 0 ? (int) Math.clamp(pace / 20, 1, CHUNK) : CHUNK;
        long start = System.nanoTime();
        try {
            OutputStream stream = connected.getOutputStream();
            while (sent < bytes && !closed && !halted) {
                int size = (int) Math.min(most, bytes - sent);
                stream.write(out.at(sent, size));
                sent += size;
                if (pace > 0) {
                    awaitTurn(start + (long) (sent * (double) TimeUnit.SECONDS.toNanos(1) / pace));
                }
            }
            if (!closed && !halted) {
                connected.shutdownOutput();
            }
        } catch (IOException e) {
            over(Outcome.RESET, "sending at " + sent + ": " + e.getMessage());
        }
    }

    /** Sends without pace from now on. */
    void hurry() {
        hurries = true;
    }

    private void awaitTurn(long due) {
        for (long left = due - System.nanoTime();
                left > 0 && !closed && !halted && !hurries;
                left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** Returns whether the end came early. */
    private boolean judge(Socket connected, Sequence expected, long bytes) {
        byte[] buffer = new byte[CHUNK];
        try {
            InputStream in = connected.getInputStream();
            arrived();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                arrived();
                if (received + read > bytes) {
                    over(Outcome.MISMATCH, (received + read - bytes) + " bytes come after the end");
                    return false;
                }
                int wrong = expected.firstWrong(received, buffer, read);
                if (wrong >= 0) {
                    over(Outcome.MISMATCH, expected.diagnose(received, buffer, wrong, read));
                    return false;
                }
                received += read;
            }
            return received < bytes;
        } catch (IOException e) {
            over(Outcome.RESET, "receiving at " + received + ": " + e.getMessage());
            return false;
        }
    }

    private void arrived() {
        long now = System.nanoTime();
        longestPause = Math.max(longestPause, now - lastArrival);
        lastArrival = now;
        long since = mark;
        if (since != 0 && afterMark < 0) {
            afterMark = now - since;
        }
    }

    /** The first end counts; any but a whole one ends both directions. */
    private void over(Outcome outcome, String why) {
        synchronized (this) {
            if (end.outcome() != Outcome.RUNNING) {
                return;
            }
            end = new End(outcome, outcome == Outcome.DONE ? "" : "stream " + seed + ": " + why);
        }
        if (outcome != Outcome.DONE) {
            abort();
        }
    }

    /** Ends it with a reset if it is still running. Not counted as a reset of the network. */
    void close() {
        closed = true;
        abort();
    }

    private void abort() {
        Socket connected = socket;
        if (connected == null) {
            return;
        }
        try {
            if (outcome() != Outcome.DONE) {
                connected.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        } catch (IOException e) {
            // A closed socket has no options and needs none.
        }
        try {
            connected.close();
        } catch (IOException e) {
            // Its descriptor is gone all the same.
        }
    }

    /** From now on the next arrival counts as the first after the mark. */
    void mark(long now) {
        afterMark = -1;
        mark = now;
    }

    /** Nanoseconds from the mark to the first arrival after it; negative when there was none. */
    long afterMark() {
        return afterMark;
    }

    Outcome outcome() {
        return end.outcome();
    }

    String why() {
        return end.why();
    }

    long sent() {
        return sent;
    }

    long received() {
        return received;
    }

    long longestPause() {
        return longestPause;
    }
}
