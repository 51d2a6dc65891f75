package dev.telepath.client.dns;

import dev.telepath.dns.TcpMessages;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * DNS on an accepted connection, as the last handler of its pipeline: messages with their length in front, several questions
 * under way at once, each answered when its answer is there. One for each connection; confined to its event loop.
 */
public final class DnsOverTcp extends ByteToMessageDecoder {
    private static final Logger LOG = Logger.getLogger(DnsOverTcp.class);
    /** Questions of one connection under way; at that many it is not read. */
    static final int MOST_PENDING = 64;

    private final Resolver resolver;
    private final Duration idle;
    private int pending;
    private boolean inputEnded;

    /**
     * @param idle silence that ends the connection
     */
    public DnsOverTcp(Resolver resolver, Duration idle) {
        this.resolver = resolver;
        this.idle = idle;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.pipeline().addBefore(ctx.name(), null, new IdleStateHandler(0, 0, idle.toMillis(), TimeUnit.MILLISECONDS));
        // A program may end its direction with its last question and still wait for the answer.
        if (ctx.channel().config() instanceof SocketChannelConfig config) {
            config.setAllowHalfClosure(true);
        }
        ctx.channel().config().setAutoRead(true);
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (pending >= MOST_PENDING || !ctx.channel().isWritable()) {
            ctx.channel().config().setAutoRead(false);
            return;
        }
        if (in.readableBytes() < 2 || in.readableBytes() < 2 + in.getUnsignedShort(in.readerIndex())) {
            return;
        }
        byte[] query = new byte[in.readUnsignedShort()];
        in.readBytes(query);
        pending++;
        // By the loop even from the loop itself: this may be on the stack of the decoder.
        resolver.answer(query, Resolver.MOST_OF_TCP)
                .whenComplete((answer, failure) ->
                        ctx.executor().execute(() -> answered(ctx, answer == null ? new byte[0] : answer)));
    }

    private void answered(ChannelHandlerContext ctx, byte[] answer) {
        pending--;
        if (!ctx.channel().isActive()) {
            return;
        }
        if (answer.length > 0) {
            ctx.writeAndFlush(TcpMessages.framed(answer), ctx.voidPromise());
        }
        resume(ctx);
        endWhenAnswered(ctx);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        resume(ctx);
        ctx.fireChannelWritabilityChanged();
    }

    /** Looks at what came while there was no room, and reads on. */
    private void resume(ChannelHandlerContext ctx) {
        if (ctx.channel().config().isAutoRead()
                || pending >= MOST_PENDING
                || !ctx.channel().isWritable()) {
            return;
        }
        ctx.channel().config().setAutoRead(true);
        try {
            channelRead(ctx, Unpooled.EMPTY_BUFFER);
        } catch (Exception e) {
            exceptionCaught(ctx, e);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof ChannelInputShutdownEvent) {
            // Not for the decoder, which would forget what it holds.
            inputEnded = true;
            endWhenAnswered(ctx);
            return;
        }
        if (event instanceof IdleStateEvent) {
            ctx.close();
        }
        super.userEventTriggered(ctx, event);
    }

    private void endWhenAnswered(ChannelHandlerContext ctx) {
        if (inputEnded && pending == 0) {
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> ctx.close());
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debugf("dns connection ended cause=\"%s\"", cause.getMessage());
        ctx.close();
    }
}
