package dev.telepath.tunnel.net;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.bridge.Sink;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.smallrye.mutiny.Multi;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A UDP flow as a stream end: one datagram per {@link Frame.Data}. Datagrams that nobody asked for yet are kept up to
 * {@link #MAX_QUEUED} and {@link #MAX_QUEUED_BYTES}, then dropped, as a network would. The flow ends when nothing passed
 * for its idle time.
 *
 * <p>Confined to one event loop; {@link #receive()}'s subscriber and {@link #send}'s source may use others.
 */
public final class UdpEnd implements StreamEnd {
    /** Datagrams that wait for demand. */
    public static final int MAX_QUEUED = 64;
    /** Their bytes: about what a socket of the system holds. */
    public static final int MAX_QUEUED_BYTES = 256 * 1024;
    /** The largest datagram that IPv4 carries. */
    public static final int MAX_DATAGRAM = 65507;

    private final EventLoop loop;
    private final Consumer<ByteString> output;
    private final Duration idle;
    private final boolean dialled;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final ArrayDeque<ByteString> queue = new ArrayDeque<>();
    private final Writer writer;
    private Flow.@Nullable Subscriber<? super Frame> reader;
    private int queuedBytes;
    private long demand;
    private boolean greeted;
    private volatile long lastUse = System.nanoTime();
    private volatile long bytesRead;
    private volatile long bytesWritten;
    private volatile long dropped;

    private UdpEnd(EventLoop loop, Consumer<ByteString> output, Duration idle, Credit credit, boolean dialled) {
        this.loop = loop;
        this.output = output;
        this.idle = idle;
        this.dialled = dialled;
        this.writer = new Writer(credit);
        watchIdle(idle.toNanos());
    }

    /**
     * One flow of a listening socket; its owner hands over what arrives by {@link #received}.
     *
     * @param output sends a datagram back to the flow's source; must not block
     */
    public static UdpEnd accepted(EventLoop loop, Consumer<ByteString> output, Duration idle, Credit credit) {
        return new UdpEnd(loop, output, idle, credit, false);
    }

    /**
     * Opens a socket towards a destination. Its first frame is {@code DialOk}: a datagram socket is never refused.
     *
     * @return fails with {@link StreamFailure.DialRefused} when there is no route
     */
    public static CompletionStage<UdpEnd> dial(
            EventLoopGroup loops, InetSocketAddress destination, Duration idle, Credit credit) {
        var result = new CompletableFuture<UdpEnd>();
        ChannelFuture connecting = new Bootstrap()
                .group(loops)
                .channel(NioDatagramChannel.class)
                .option(io.netty.channel.ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_DATAGRAM))
                .handler(new ChannelInboundHandlerAdapter())
                .connect(destination);
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                result.completeExceptionally(new StreamFailure.DialRefused(destination.getHostString() + ":"
                        + destination.getPort() + ": " + done.cause().getMessage()));
                return;
            }
            Channel channel = connecting.channel();
            var end = new UdpEnd(
                    channel.eventLoop(),
                    datagram -> channel.writeAndFlush(
                            Unpooled.wrappedBuffer(datagram.asReadOnlyByteBuffer()), channel.voidPromise()),
                    idle,
                    credit,
                    true);
            channel.pipeline().addLast(new Socket(end));
            end.closed.thenRun(channel::close);
            result.complete(end);
        });
        return result;
    }

    /** A datagram arrived. On the flow's event loop. */
    public void received(ByteString datagram) {
        lastUse = System.nanoTime();
        Flow.Subscriber<? super Frame> to = reader;
        bytesRead += datagram.size();
        if (to != null && demand > 0 && queue.isEmpty()) {
            demand--;
            to.onNext(new Frame.Data(datagram));
        } else if (queue.size() < MAX_QUEUED && queuedBytes + datagram.size() <= MAX_QUEUED_BYTES) {
            queuedBytes += datagram.size();
            queue.add(datagram);
        } else {
            dropped++;
        }
    }

    /** Bytes of datagrams that arrived at the socket. Approximate while the flow is open. */
    public long bytesRead() {
        return bytesRead;
    }

    /** Bytes of datagrams given to the socket. Approximate while the flow is open. */
    public long bytesWritten() {
        return bytesWritten;
    }

    /** Datagrams that found the queue full and were lost, as a full socket buffer loses them. */
    public long dropped() {
        return dropped;
    }

    /** Ends the flow in both directions. Any thread. */
    public void close() {
        onLoop(() -> finish(null));
    }

    private void watchIdle(long nanos) {
        loop.schedule(
                () -> {
                    if (closed.isDone()) {
                        return;
                    }
                    long left = idle.toNanos() - (System.nanoTime() - lastUse);
                    if (left <= 0) {
                        finish(null);
                    } else {
                        watchIdle(left);
                    }
                },
                nanos,
                TimeUnit.NANOSECONDS);
    }

    private void finish(@Nullable StreamFailure failure) {
        if (!closed.complete(null)) {
            return;
        }
        queue.clear();
        queuedBytes = 0;
        Flow.Subscriber<? super Frame> to = reader;
        reader = null;
        if (to != null) {
            if (failure == null) {
                to.onComplete();
            } else {
                to.onError(failure);
            }
        }
        writer.cancel();
    }

    private void asked(long n) {
        demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        if (dialled && !greeted && reader != null) {
            greeted = true;
            demand--;
            reader.onNext(new Frame.DialOk());
        }
        while (demand > 0 && reader != null && !queue.isEmpty()) {
            demand--;
            ByteString datagram = queue.remove();
            queuedBytes -= datagram.size();
            reader.onNext(new Frame.Data(datagram));
        }
    }

    @Override
    public Multi<Frame> receive() {
        return Multi.createFrom()
                .publisher(subscriber -> onLoop(() -> {
                    reader = closed.isDone() ? null : subscriber;
                    subscriber.onSubscribe(new Flow.Subscription() {
                        @Override
                        public void request(long n) {
                            onLoop(() -> asked(n));
                        }

                        @Override
                        public void cancel() {
                            onLoop(() -> {
                                reader = null;
                                finish(null);
                            });
                        }
                    });
                    if (closed.isDone()) {
                        subscriber.onComplete();
                    }
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

    private void onLoop(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    /** A dialled socket's datagrams. */
    private static final class Socket extends ChannelInboundHandlerAdapter {
        private final UdpEnd end;

        Socket(UdpEnd end) {
            this.end = end;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof DatagramPacket packet) {
                ByteBuf content = packet.content();
                byte[] copy = new byte[content.readableBytes()];
                content.readBytes(copy);
                packet.release();
                end.received(UnsafeByteOperations.unsafeWrap(copy));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // Port unreachable: for a datagram flow that is loss, not an end.
            if (!(cause instanceof PortUnreachableException) && isHomeless(ctx.channel())) {
                // Nothing more would ever be sent; the program's next datagram begins a flow from another address.
                end.finish(
                        new StreamFailure.Reset("this machine no longer has the address that the flow is sent from"));
            }
        }

        private static boolean isHomeless(Channel channel) {
            try {
                return channel.localAddress() instanceof InetSocketAddress from
                        && !from.getAddress().isAnyLocalAddress()
                        && NetworkInterface.getByInetAddress(from.getAddress()) == null;
            } catch (SocketException e) {
                return false;
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            end.finish(new StreamFailure.Reset("the socket was closed"));
        }
    }

    private final class Writer extends Sink<Frame> {
        Writer(Credit credit) {
            super(credit);
        }

        @Override
        protected boolean ready() {
            return true;
        }

        @Override
        protected void write(Frame frame) {
            lastUse = System.nanoTime();
            if (frame instanceof Frame.Data data) {
                bytesWritten += data.bytes().size();
                output.accept(data.bytes());
            }
        }

        @Override
        protected void completed() {
            close();
        }

        @Override
        protected void failed(Throwable cause) {
            onLoop(() -> finish(StreamFailure.of(cause)));
        }
    }
}
