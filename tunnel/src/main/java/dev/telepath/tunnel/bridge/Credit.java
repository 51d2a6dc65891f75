package dev.telepath.tunnel.bridge;

import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.frame.FrameCodec;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes may lie between the sources and the sinks of one connection. Each stream always has one frame; up to
 * its own limit it takes more from the connection's pool, and gives them back when they are written. A pool that is
 * used up makes streams slower, it never stops one because another is stalled.
 *
 * <p>Thread-safe.
 */
public final class Credit {
    /** Bytes of one frame, the unit in which credit is given. */
    public static final int FRAME = FrameCodec.MAX_DATA;

    private final int framesPerStream;
    private final long capacity;
    private final AtomicLong inUse = new AtomicLong();
    private final Blocks blocks = new Blocks();

    /**
     * @param perStream bytes that one stream may have under way, at least one frame (32 KiB)
     * @param perConnection bytes that all streams together may have beyond their first frame
     */
    public Credit(long perStream, long perConnection) {
        this.framesPerStream = (int) Math.max(1, Math.min(perStream / FRAME, 1024));
        this.capacity = Math.max(0, perConnection);
    }

    /** 256 KiB for a stream, 16 MiB for a connection. */
    public static Credit standard() {
        return new Credit(256 * 1024, 16 * 1024 * 1024);
    }

    /**
     * Takes credit for the next batch, to be given back whole by {@link #giveBack}.
     *
     * @param wanted frames, at least one; what is beyond a stream's own limit is not given
     * @return all that was wanted within the limit, or one frame when the pool has less
     */
    int take(int wanted) {
        int frames = Math.min(wanted, framesPerStream);
        long extra = (long) (frames - 1) * FRAME;
        long before = inUse.getAndUpdate(used -> used + extra <= capacity ? used + extra : used);
        return before + extra <= capacity ? frames : 1;
    }

    void giveBack(int frames) {
        if (frames > 1) {
            inUse.addAndGet(-(long) (frames - 1) * FRAME);
        }
    }

    /** Where bytes in bulk of those streams lie. */
    public Blocks blocks() {
        return blocks;
    }

    /** Bytes taken from the pool now. */
    public long inUse() {
        return inUse.get();
    }

    /** Bytes in the pool, taken or not. */
    public long capacity() {
        return capacity;
    }
}
