package dev.telepath.tunnel.net;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.bridge.Sink;
import dev.telepath.tunnel.frame.Block;
import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.smallrye.mutiny.Multi;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A TCP socket as a stream end. Reads only what was asked for, writes only while the socket takes it, carries
 * half-close both ways, and resets the socket when the other end failed.
 *
 * <p>Confined to the channel's event loop; {@link #receive()}'s subscriber and {@link #send}'s source may use others.
 */
public final class TcpEnd extends ChannelInboundHandlerAdapter implements StreamEnd {
    private final Channel channel;
    private final Credit credit;
    private final boolean dialled;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Writer writer;

    private Flow.@Nullable Subscriber<? super Frame> reader;
    private long demand;
    private boolean established;
    private boolean inputDone;
    private boolean outputDone;
    private @Nullable ByteBuf early;
    private long bytesRead;
    private long bytesWritten;

    private TcpEnd(Channel channel, Credit credit, boolean dialled) {
        this.channel = channel;
        this.credit = credit;
        this.dialled = dialled;
        this.established = dialled;
        this.writer = new Writer();
    }

    /** Socket options that every channel must have before it becomes an end. */
    public static void configure(ChannelConfig config) {
        config.setAutoRead(false);
        if (!(config.getRecvByteBufAllocator() instanceof BurstReads)) {
            config.setRecvByteBufAllocator(new BurstReads());
        }
        config.setWriteBufferWaterMark(new WriteBufferWaterMark(FrameCodec.MAX_DATA, 2 * FrameCodec.MAX_DATA));
        config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        config.setOption(ChannelOption.TCP_NODELAY, true);
        config.setOption(ChannelOption.SO_KEEPALIVE, true);
    }

    /** The end of a socket that we dialled; its first frame is {@code DialOk}. */
    public static TcpEnd dialled(Channel channel, Credit credit) {
        return attach(new TcpEnd(channel, credit, true));
    }

    /** The end of a socket that we accepted; nothing is read from it before the other end says {@code DialOk}. */
    public static TcpEnd accepted(Channel channel, Credit credit) {
        return attach(new TcpEnd(channel, credit, false));
    }

    /**
     * As {@link #accepted(Channel, Credit)}, for a socket of which some bytes were read already.
     *
     * @param early bytes that go first; ownership passes to the end
     */
    public static TcpEnd accepted(Channel channel, Credit credit, ByteBuf early) {
        var end = new TcpEnd(channel, credit, false);
        end.early = early;
        return attach(end);
    }

    /** The end of an accepted socket whose stream is known to be dialled: read from at once. */
    public static TcpEnd established(Channel channel, Credit credit) {
        var end = new TcpEnd(channel, credit, false);
        end.established = true;
        return attach(end);
    }

    private static TcpEnd attach(TcpEnd end) {
        configure(end.channel.config());
        BurstReads reads = end.channel.config().getRecvByteBufAllocator();
        reads.whileWanted(end::wantsMore);
        end.channel.pipeline().addLast(end);
        if (!end.channel.isActive()) {
            end.onLoop(end::gone);
        }
        return end;
    }

    /** Bytes read from the socket so far. Approximate while the stream is open. */
    public long bytesRead() {
        return bytesRead;
    }

    /** Bytes written to the socket so far. Approximate while the stream is open. */
    public long bytesWritten() {
        return bytesWritten;
    }

    @Override
    public Multi<Frame> receive() {
        return Multi.createFrom()
                .publisher(subscriber -> onLoop(() -> {
                    reader = subscriber;
                    subscriber.onSubscribe(new Flow.Subscription() {
                        @Override
                        public void request(long n) {
                            onLoop(() -> asked(n));
                        }

                        @Override
                        public void cancel() {
                            onLoop(() -> {
                                if (!inputDone) {
                                    reader = null;
                                    reset();
                                }
                            });
                        }
                    });
                    if (closed.isDone()) {
                        endInput(new StreamFailure.Reset("the socket is closed"));
                    }
                }));
    }

    private boolean greeted;

    private void asked(long n) {
        demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        if (dialled && !greeted && reader != null) {
            greeted = true;
            demand--;
            reader.onNext(new Frame.DialOk());
        }
        readMore();
    }

    private boolean wantsMore() {
        return demand > 0 && established && !inputDone;
    }

    private void readMore() {
        if (!wantsMore()) {
            return;
        }
        ByteBuf first = early;
        if (first != null) {
            early = null;
            if (first.isReadable()) {
                deliver(first);
                readMore();
                return;
            }
            first.release();
        }
        channel.read();
    }

    @Override
    public void send(Multi<Frame> frames) {
        frames.subscribe().withSubscriber(writer);
    }

    @Override
    public CompletionStage<Void> closed() {
        return closed;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        deliver((ByteBuf) message);
    }

    private void deliver(ByteBuf bytes) {
        try {
            int length = bytes.readableBytes();
            if (reader == null || inputDone || length == 0) {
                return;
            }
            bytesRead += length;
            demand--;
            reader.onNext(data(bytes, length));
        } finally {
            bytes.release();
        }
    }

    private Frame.Data data(ByteBuf bytes, int length) {
        if (length >= Blocks.LEAST && length <= FrameCodec.MAX_DATA) {
            Block block = credit.blocks().lend();
            return new Frame.Data(block.fill(bytes), block);
        }
        byte[] copy = new byte[length];
        bytes.readBytes(copy);
        return new Frame.Data(UnsafeByteOperations.unsafeWrap(copy));
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        readMore();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            endInput(null);
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        writer.pull();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        endInput(new StreamFailure.Reset(String.valueOf(cause.getMessage())));
        reset();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        gone();
    }

    private void gone() {
        endInput(new StreamFailure.Reset("the socket was closed"));
        outputDone = true;
        writer.cancel();
        ByteBuf rest = early;
        early = null;
        if (rest != null) {
            rest.release();
        }
        closed.complete(null);
    }

    private void endInput(@Nullable StreamFailure failure) {
        if (inputDone) {
            return;
        }
        inputDone = true;
        Flow.Subscriber<? super Frame> to = reader;
        if (to != null) {
            if (failure == null) {
                to.onComplete();
            } else {
                to.onError(failure);
            }
        }
        closeWhenDone();
    }

    private void closeWhenDone() {
        if (inputDone && outputDone) {
            channel.close();
        }
    }

    private void reset() {
        if (channel.isActive()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        channel.close();
    }

    private void onLoop(Runnable task) {
        if (channel.eventLoop().inEventLoop()) {
            task.run();
        } else {
            channel.eventLoop().execute(task);
        }
    }

    /** What the other end sends, written to the socket. */
    private final class Writer extends Sink<Frame> {
        Writer() {
            super(credit);
        }

        @Override
        protected boolean ready() {
            return channel.isWritable();
        }

        @Override
        protected void write(Frame frame) {
            switch (frame) {
                case Frame.Data(ByteString bytes, Block block) -> {
                    bytesWritten += bytes.size();
                    ByteBuf whole =
                            block == null ? Unpooled.wrappedBuffer(bytes.asReadOnlyByteBuffer()) : block.write();
                    channel.writeAndFlush(whole, channel.voidPromise());
                }
                case Frame.DialOk ok ->
                    onLoop(() -> {
                        established = true;
                        readMore();
                    });
                default -> {}
            }
        }

        @Override
        protected void completed() {
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((ChannelFutureListener) written -> {
                outputDone = true;
                established = true;
                if (inputDone || !written.isSuccess()) {
                    channel.close();
                } else {
                    ((DuplexChannel) channel).shutdownOutput();
                    readMore();
                }
            });
        }

        @Override
        protected void failed(Throwable cause) {
            onLoop(() -> {
                outputDone = true;
                reset();
            });
        }
    }
}
