package dev.telepath.client.proxy;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What happens on a proxied socket before its bytes flow: reads the request, dials, answers, and then gives the socket
 * away. Reads only while it needs more, so that nothing of the stream piles up here.
 *
 * <pre>
 *   READING --request whole--> DIALLING --dialled--> (joined)
 *      |  greeting answered -^      |-- refused --> answer, close
 *      |--UDP ASSOCIATE--> relay bound --> (the connection only keeps it alive)
 * </pre>
 *
 * <p>Confined to the socket's event loop.
 */
final class ProxyHandshake extends ChannelInboundHandlerAdapter {
    private final OutboundStreams streams;
    private final ProxyServer.Limits limits;
    private final IntFunction<String> pac;
    private final ByteBuf received = Unpooled.buffer(256);
    private @Nullable ScheduledFuture<?> deadline;
    private @Nullable ProxyDialect dialect;
    private boolean dialling;

    /**
     * @param pac the script of that port's PAC file
     */
    ProxyHandshake(OutboundStreams streams, ProxyServer.Limits limits, IntFunction<String> pac) {
        this.streams = streams;
        this.limits = limits;
        this.pac = pac;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        deadline = ctx.executor()
                .schedule(
                        () -> {
                            if (!dialling) {
                                ctx.close();
                            }
                        },
                        limits.handshake().toMillis(),
                        TimeUnit.MILLISECONDS);
        ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var bytes = (ByteBuf) message;
        received.writeBytes(bytes);
        bytes.release();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (!dialling) {
            advance(ctx);
        }
    }

    private void advance(ChannelHandlerContext ctx) {
        if (!received.isReadable()) {
            ctx.read();
            return;
        }
        ProxyDialect speaking = dialect;
        if (speaking == null) {
            speaking = received.getByte(received.readerIndex()) == SocksDialect.VERSION
                    ? new SocksDialect()
                    : new HttpDialect(
                            () -> pac.apply(((InetSocketAddress) ctx.channel().localAddress()).getPort()));
            dialect = speaking;
        }
        switch (speaking.read(received)) {
            case ProxyDialect.Step.More more -> {
                if (received.readableBytes() > limits.maxHeader()) {
                    answerAndClose(ctx, speaking.tooLarge());
                } else {
                    ctx.read();
                }
            }
            case ProxyDialect.Step.Answer(ByteBuf bytes) -> {
                ctx.writeAndFlush(bytes);
                advance(ctx);
            }
            case ProxyDialect.Step.Refuse(ByteBuf bytes) -> answerAndClose(ctx, bytes);
            case ProxyDialect.Step.Serve(ByteBuf bytes) -> answerAndClose(ctx, bytes);
            case ProxyDialect.Step.Associate(SocksAddress from) -> associate(ctx, speaking, from);
            case ProxyDialect.Step.Dial(String host, int port) -> dial(ctx, speaking, host, port);
        }
    }

    private void dial(ChannelHandlerContext ctx, ProxyDialect speaking, String host, int port) {
        dialling = true;
        streams.open(host, port)
                .whenComplete((call, failure) -> ctx.executor().execute(() -> {
                    if (failure == null) {
                        join(ctx, speaking, call);
                    } else {
                        answerAndClose(ctx, speaking.failed(unwrap(failure)));
                    }
                }));
    }

    private void join(ChannelHandlerContext ctx, ProxyDialect speaking, RemoteEnd call) {
        if (!ctx.channel().isActive()) {
            call.fail(new StreamFailure.Reset("the local program went away"));
            return;
        }
        ByteBuf answer = speaking.dialled();
        if (answer.isReadable()) {
            ctx.writeAndFlush(answer);
        } else {
            answer.release();
        }
        ByteBuf early = received.copy();
        ctx.pipeline().remove(this);
        streams.join(ctx.channel(), early, call);
    }

    private void associate(ChannelHandlerContext ctx, ProxyDialect speaking, SocksAddress from) {
        dialling = true;
        ChannelFuture opening = UdpAssociation.open(ctx.channel(), from, streams, limits);
        opening.addListener(done -> {
            if (!done.isSuccess()) {
                var failure = new Failure(Kind.FAILED, "no relay socket: " + done.cause(), "");
                answerAndClose(ctx, speaking.failed(failure));
            } else if (ctx.channel().isActive()) {
                Channel relay = opening.channel();
                ctx.writeAndFlush(SocksDialect.associated((InetSocketAddress) relay.localAddress()));
                ctx.pipeline().replace(this, null, new UdpAssociation.Lifeline(relay));
            } else {
                opening.channel().close();
            }
        });
    }

    private static Failure unwrap(Throwable raw) {
        Throwable cause = raw instanceof CompletionException && raw.getCause() != null ? raw.getCause() : raw;
        return cause instanceof Failure known ? known : new Failure(Kind.FAILED, String.valueOf(cause), "");
    }

    private void answerAndClose(ChannelHandlerContext ctx, ByteBuf bytes) {
        dialling = true;
        ctx.writeAndFlush(bytes).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && !dialling) {
            ctx.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        ScheduledFuture<?> timer = deadline;
        if (timer != null) {
            timer.cancel(false);
        }
        received.release();
    }
}
