package dev.telepath.client.gateway;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.telepath.client.dial.StreamLedger;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.bridge.Sink;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.smallrye.mutiny.Multi;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * The end of a stream or flow whose other half is in another process of this machine. Unlike a socket alone it tells a reset
 * from an end, and keeps datagrams apart. Each frame has its kind in a byte, its length in three, and so many bytes.
 *
 * <p>Confined to the channel's event loop; {@link #receive()}'s subscriber and {@link #send}'s source may use others. Reads only
 * what was asked for.
 */
final class FramedEnd extends ChannelInboundHandlerAdapter implements RemoteEnd, StreamLedger.Counted {
    /** The largest frame: what a datagram can have. */
    static final int MOST = 65_535;

    private static final int HEADER = 4;
    private static final int DATA = 0;
    private static final int END = 1;
    private static final int DIALLED = 2;
    private static final int REFUSED = 3;
    private static final int TIMED_OUT = 4;
    private static final int RESET = 5;

    private final Channel channel;
    private final ByteBuf received = Unpooled.buffer();
    private final CompletableFuture<Void> dialled = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Writer writer;
    private Flow.@Nullable Subscriber<? super Frame> reader;
    private @Nullable StreamFailure failure;
    private long demand;
    private boolean inputDone;
    private boolean inputTold;
    private boolean outputDone;
    private volatile long bytesRead;
    private volatile long bytesWritten;

    private FramedEnd(Channel channel, Credit credit) {
        this.channel = channel;
        this.writer = new Writer(credit);
    }

    /**
     * Takes a socket over. On its event loop.
     *
     * @param early bytes that were read from it already; not kept
     */
    static FramedEnd of(Channel channel, Credit credit, ByteBuf early) {
        var end = new FramedEnd(channel, credit);
        end.received.writeBytes(early);
        channel.pipeline().addLast(end);
        if (!channel.isActive()) {
            end.gone();
        }
        return end;
    }

    @Override
    public long bytesRead() {
        return bytesRead;
    }

    @Override
    public long bytesWritten() {
        return bytesWritten;
    }

    @Override
    public CompletionStage<Void> dialled() {
        onLoop(this::advance);
        return dialled;
    }

    @Override
    public void fail(StreamFailure why) {
        onLoop(() -> {
            if (!outputDone) {
                outputDone = true;
                write(kind(why), String.valueOf(why.getMessage())).addListener(ChannelFutureListener.CLOSE);
            }
        });
    }

    private static int kind(StreamFailure why) {
        return switch (why) {
            case StreamFailure.DialRefused refused -> REFUSED;
            case StreamFailure.DialTimedOut late -> TIMED_OUT;
            default -> RESET;
        };
    }

    private io.netty.channel.ChannelFuture write(int kind, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return channel.writeAndFlush(frame(kind, Unpooled.wrappedBuffer(bytes)));
    }

    private static ByteBuf frame(int kind, ByteBuf payload) {
        ByteBuf header = Unpooled.buffer(HEADER).writeByte(kind).writeMedium(payload.readableBytes());
        return Unpooled.wrappedBuffer(header, payload);
    }

    @Override
    public Multi<Frame> receive() {
        return Multi.createFrom()
                .publisher(subscriber -> onLoop(() -> {
                    reader = subscriber;
                    subscriber.onSubscribe(new Flow.Subscription() {
                        @Override
                        public void request(long n) {
                            onLoop(() -> {
                                demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
                                advance();
                            });
                        }

                        @Override
                        public void cancel() {
                            onLoop(() -> {
                                reader = null;
                                if (!inputDone) {
                                    fail(new StreamFailure.Reset("nobody reads any more"));
                                }
                            });
                        }
                    });
                    advance();
                }));
    }

    @Override
    public void send(Multi<Frame> frames) {
        frames.subscribe().withSubscriber(writer);
    }

    @Override
    public CompletionStage<Void> closed() {
        return closed;
    }

    /** Hands on what is there and wanted, and reads more where that is wanted. */
    private void advance() {
        while (!inputDone && (demand > 0 || !dialled.isDone())) {
            if (!hasFrame()) {
                channel.read();
                return;
            }
            int kind = received.readByte();
            int length = received.readUnsignedMedium();
            byte[] payload = new byte[length];
            received.readBytes(payload);
            received.discardSomeReadBytes();
            took(kind, payload);
        }
        tellEnd();
    }

    private boolean hasFrame() {
        if (received.readableBytes() < HEADER) {
            return false;
        }
        int length = received.getUnsignedMedium(received.readerIndex() + 1);
        if (length > MOST) {
            ended(new StreamFailure.ProtocolViolation("a frame of " + length + " bytes"));
            channel.close();
            return false;
        }
        return received.readableBytes() >= HEADER + length;
    }

    private void took(int kind, byte[] payload) {
        switch (kind) {
            case DATA -> {
                // The opener speaks first only after the word on the dial; the other side is never asked for one.
                dialled.complete(null);
                bytesRead += payload.length;
                Flow.Subscriber<? super Frame> to = reader;
                if (to != null) {
                    demand--;
                    to.onNext(new Frame.Data(UnsafeByteOperations.unsafeWrap(payload)));
                }
            }
            case DIALLED -> dialled.complete(null);
            case END -> ended(null);
            case REFUSED -> ended(new StreamFailure.DialRefused(new String(payload, StandardCharsets.UTF_8)));
            case TIMED_OUT -> ended(new StreamFailure.DialTimedOut(new String(payload, StandardCharsets.UTF_8)));
            default -> ended(new StreamFailure.Reset(new String(payload, StandardCharsets.UTF_8)));
        }
    }

    private void ended(@Nullable StreamFailure why) {
        if (inputDone) {
            return;
        }
        inputDone = true;
        failure = why;
        dialled.completeExceptionally(why == null ? new StreamFailure.Reset("it ended before it was dialled") : why);
        if (why != null) {
            outputDone = true;
            writer.cancel();
            channel.close();
        }
        tellEnd();
        closeWhenDone();
    }

    private void tellEnd() {
        Flow.Subscriber<? super Frame> to = reader;
        if (to == null || !inputDone || inputTold) {
            return;
        }
        inputTold = true;
        StreamFailure why = failure;
        if (why == null) {
            to.onComplete();
        } else {
            to.onError(why);
        }
    }

    private void closeWhenDone() {
        if (inputDone && outputDone) {
            channel.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        received.writeBytes(bytes);
        bytes.release();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        advance();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        writer.pull();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ended(new StreamFailure.Reset(String.valueOf(cause.getMessage())));
        ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        gone();
    }

    private void gone() {
        ended(new StreamFailure.Reset("the other process closed the socket"));
        outputDone = true;
        writer.cancel();
        received.release();
        closed.complete(null);
    }

    private void onLoop(Runnable task) {
        if (channel.eventLoop().inEventLoop()) {
            task.run();
        } else {
            channel.eventLoop().execute(task);
        }
    }

    /** What the joined end sends, written to the socket. */
    private final class Writer extends Sink<Frame> {
        Writer(Credit credit) {
            super(credit);
        }

        @Override
        protected boolean ready() {
            return channel.isWritable();
        }

        @Override
        protected void write(Frame frame) {
            switch (frame) {
                case Frame.Data data -> {
                    ByteString bytes = data.bytes();
                    bytesWritten += bytes.size();
                    // Older peers send larger pieces of a stream than we do; no datagram is larger.
                    for (int from = 0; from == 0 || from < bytes.size(); from += MOST) {
                        ByteString piece = bytes.substring(from, Math.min(bytes.size(), from + MOST));
                        channel.write(
                                frame(DATA, Unpooled.wrappedBuffer(piece.asReadOnlyByteBuffer())),
                                channel.voidPromise());
                    }
                    channel.flush();
                }
                case Frame.DialOk ok -> FramedEnd.this.write(DIALLED, "");
                default -> {}
            }
        }

        @Override
        protected void completed() {
            FramedEnd.this.write(END, "").addListener(written -> {
                outputDone = true;
                closeWhenDone();
            });
        }

        @Override
        protected void failed(Throwable cause) {
            fail(StreamFailure.of(cause));
        }
    }
}
