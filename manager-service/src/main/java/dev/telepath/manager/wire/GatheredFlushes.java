package dev.telepath.manager.wire;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslHandler;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Flushes once for all that calls of a connection are given in one turn of the event loop. What other connections bring
 * for it comes call by call, and each flush is a record of TLS and a write of its own. A message that is alone goes at
 * once, since a turn of the loop costs more than it: flushes are gathered while they follow each other closely.
 *
 * <p>On the channel's event loop.
 */
final class GatheredFlushes extends ChannelOutboundHandlerAdapter {
    /** From one flush to the next. Calls that wait for each other, one at a time, take several times as long. */
    static final Duration CLOSE = Duration.ofNanos(100_000);

    private final LongSupplier nanos;
    private long last;
    private boolean gathering;
    private boolean scheduled;
    private int gathered;

    GatheredFlushes(LongSupplier nanos) {
        this.nanos = nanos;
        this.last = nanos.getAsLong() - CLOSE.toNanos();
    }

    /** Puts one above the TLS of a connection, where flushes are many; without TLS none. */
    static void above(ChannelPipeline pipeline) {
        ChannelHandlerContext tls = pipeline.context(SslHandler.class);
        if (tls != null) {
            pipeline.addAfter(tls.name(), null, new GatheredFlushes(System::nanoTime));
        }
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (scheduled) {
            gathered++;
        } else if (gathering) {
            scheduled = true;
            gathered = 1;
            ctx.executor().execute(() -> turn(ctx));
        } else {
            gathering = nanos.getAsLong() - last < CLOSE.toNanos();
            ctx.flush();
            last = nanos.getAsLong();
        }
    }

    private void turn(ChannelHandlerContext ctx) {
        if (scheduled) {
            scheduled = false;
            // One alone: there was nothing to gather.
            gathering = gathered > 1;
            ctx.flush();
            last = nanos.getAsLong();
        }
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        turn(ctx);
        ctx.close(promise);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        turn(ctx);
    }
}
