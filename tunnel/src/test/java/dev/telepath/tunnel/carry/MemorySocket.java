package dev.telepath.tunnel.carry;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.frame.Block;
import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.stream.StreamEnd;
import io.netty.buffer.Unpooled;
import io.smallrye.mutiny.Multi;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;

/**
 * A socket in memory. What it sends follows from the position, so that the reader knows a lost, doubled or displaced byte.
 * Half-closes after what it has to send, unless it stays open.
 */
@NullUnmarked
final class MemorySocket implements StreamEnd {
    private final int toSend;
    private final int frame;
    private final boolean open;
    private final CompletableFuture<Void> input = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final List<ByteString> datagrams = new ArrayList<>();
    private Flow.Subscriber<? super Frame> reader;
    private Flow.Subscription writer;
    private long demand;
    private boolean emitting;
    private boolean outputOver;
    private int sent;
    private int got;
    private boolean sound = true;
    private long appetite;

    private MemorySocket(int toSend, int frame, boolean open, long appetite) {
        this.toSend = toSend;
        this.frame = frame;
        this.open = open;
        this.appetite = appetite;
    }

    /** As many as that, each of which sends as much in pieces of a size of its own. */
    static List<MemorySocket> several(int count, int bytes, SplittableRandom random) {
        return Stream.generate(() -> sending(bytes, random.nextInt(500, 32 * 1024)))
                .limit(count)
                .toList();
    }

    /** Sends that much in frames of that size and half-closes. */
    static MemorySocket sending(int bytes, int frame) {
        return new MemorySocket(bytes, frame, false, Long.MAX_VALUE);
    }

    /** Sends that much and stays open. */
    static MemorySocket open(int bytes) {
        return new MemorySocket(bytes, FrameCodec.MAX_DATA, true, Long.MAX_VALUE);
    }

    /** Takes nothing before it is asked to by {@link #take}. */
    static MemorySocket stalled(int bytes) {
        return new MemorySocket(bytes, FrameCodec.MAX_DATA, false, 0);
    }

    static byte at(int position) {
        return (byte) (position * 31 + (position >> 8) * 7 + 3);
    }

    static ByteString bytes(int from, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = at(from + i);
        }
        return ByteString.copyFrom(bytes);
    }

    /** Takes as many frames more. */
    void take(long frames) {
        Flow.Subscription from;
        synchronized (this) {
            appetite = appetite + frames < 0 ? Long.MAX_VALUE : appetite + frames;
            from = writer;
        }
        if (from != null) {
            from.request(frames);
        }
    }

    /** A datagram, or bytes, beside what it sends by itself. */
    void say(ByteString bytes) {
        Flow.Subscriber<? super Frame> to;
        synchronized (this) {
            to = demand > 0 ? reader : null;
            demand--;
        }
        if (to != null) {
            to.onNext(new Frame.Data(bytes));
        }
    }

    void halfClose() {
        reader.onComplete();
    }

    void breakOff() {
        reader.onError(new IllegalStateException("the socket broke"));
    }

    /** Bytes that were read from it. */
    synchronized int sent() {
        return sent;
    }

    /** Bytes that were written to it. */
    synchronized int got() {
        return got;
    }

    synchronized boolean sound() {
        return sound;
    }

    synchronized boolean outputOver() {
        return outputOver;
    }

    synchronized boolean asked() {
        return demand > 0;
    }

    synchronized List<ByteString> datagrams() {
        return List.copyOf(datagrams);
    }

    /** Completes at the half-close, fails with what the end was reset with. */
    CompletableFuture<Void> input() {
        return input;
    }

    @Override
    public Multi<Frame> receive() {
        return Multi.createFrom().publisher(to -> {
            synchronized (this) {
                reader = to;
            }
            to.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {
                    asked(n);
                }

                @Override
                public void cancel() {
                    synchronized (MemorySocket.this) {
                        outputOver = true;
                    }
                }
            });
        });
    }

    private void asked(long n) {
        synchronized (this) {
            demand += n;
            if (emitting) {
                return;
            }
            emitting = true;
        }
        while (true) {
            ByteString next;
            synchronized (this) {
                if (demand == 0 || sent == toSend || outputOver) {
                    emitting = false;
                    break;
                }
                demand--;
                next = bytes(sent, Math.min(frame, toSend - sent));
                sent += next.size();
            }
            reader.onNext(data(next));
        }
        boolean done;
        synchronized (this) {
            done = sent == toSend && !open && !outputOver;
            outputOver |= done;
        }
        if (done) {
            reader.onComplete();
        }
    }

    @Override
    public void send(Multi<Frame> frames) {
        frames.subscribe().withSubscriber(new Flow.Subscriber<Frame>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                long first;
                synchronized (MemorySocket.this) {
                    writer = subscription;
                    first = appetite;
                }
                if (first > 0) {
                    subscription.request(first);
                }
            }

            @Override
            public void onNext(Frame item) {
                if (item instanceof Frame.Data data) {
                    took(data);
                }
            }

            @Override
            public void onError(Throwable cause) {
                input.completeExceptionally(cause);
                closed.complete(null);
            }

            @Override
            public void onComplete() {
                input.complete(null);
            }
        });
    }

    private static Frame.Data data(ByteString bytes) {
        if (bytes.size() < Blocks.LEAST || bytes.size() > FrameCodec.MAX_DATA) {
            return new Frame.Data(bytes);
        }
        Block block = CarryRig.BLOCKS.lend();
        return new Frame.Data(block.fill(Unpooled.wrappedBuffer(bytes.asReadOnlyByteBuffer())), block);
    }

    private void took(Frame.Data data) {
        took(data.bytes(), data.block() == null);
        if (data.block() != null) {
            data.block().free();
        }
    }

    private synchronized void took(ByteString bytes, boolean own) {
        if (own && datagrams.size() < 1000) {
            datagrams.add(bytes);
        }
        for (int i = 0; i < bytes.size(); i++) {
            sound &= bytes.byteAt(i) == at(got + i);
        }
        got += bytes.size();
    }

    @Override
    public CompletionStage<Void> closed() {
        return closed;
    }
}
