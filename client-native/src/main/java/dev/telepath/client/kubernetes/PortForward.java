package dev.telepath.client.kubernetes;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.ssl.SslCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;

/**
 * A port of a pod, by way of the API server: asks it for one protocol after the other, and puts the carrier of that which
 * it agrees to below itself. What is above learns that the channel is active when bytes pass to the pod. Runs on the
 * channel's event loop.
 */
final class PortForward extends ChannelInboundHandlerAdapter {
    private static final int MOST_REFUSAL = 64 * 1024;

    private final String host;
    private final String path;
    private final int port;
    private final List<Map.Entry<String, String>> headers;
    private final ForwardProtocols protocols;
    private final Queue<ForwardCarrier> carriers;
    private boolean asked;
    private boolean open;
    private boolean failed;

    /**
     * @param host what the API server is called in the request
     * @param path of the pod's {@code portforward}
     * @param headers that prove the caller; secret
     * @param protocols asked for, in this order, and told which the API server does not take
     */
    PortForward(
            String host, String path, int port, List<Map.Entry<String, String>> headers, ForwardProtocols protocols) {
        this.host = host;
        this.path = path;
        this.port = port;
        this.headers = headers;
        this.protocols = protocols;
        this.carriers = new ArrayDeque<>(protocols.carriers());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.pipeline().addBefore(ctx.name(), "api-http", new HttpClientCodec());
        ctx.pipeline().addBefore(ctx.name(), "api-response", new HttpObjectAggregator(MOST_REFUSAL));
    }

    /** The first is held back: what is above is active once bytes pass, as the carrier tells. */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (open) {
            ctx.fireChannelActive();
        } else {
            ask(ctx);
        }
    }

    private void ask(ChannelHandlerContext ctx) {
        FullHttpRequest request = carriers.element().request(path, port);
        request.headers().set(HttpHeaderNames.HOST, host);
        headers.forEach(each -> request.headers().add(each.getKey(), each.getValue()));
        ctx.writeAndFlush(request).addListener(written -> asked |= written.isSuccess());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (open) {
            ctx.fireChannelRead(message);
        } else if (message instanceof FullHttpResponse response) {
            try {
                answered(ctx, response);
            } finally {
                response.release();
            }
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    private void answered(ChannelHandlerContext ctx, FullHttpResponse response) {
        ForwardCarrier carrier = carriers.remove();
        boolean switches = response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
        if (switches && carrier.isAgreed(response)) {
            open(ctx, carrier);
            return;
        }
        protocols.refused(carrier);
        if (!switches && !carriers.isEmpty() && HttpUtil.isKeepAlive(response)) {
            asked = false;
            ask(ctx);
        } else {
            fail(
                    ctx,
                    switches
                            ? new IOException(
                                    "the API server does not offer " + carrier.protocol() + " for port-forwards")
                            : new PortForwardRefused(
                                    response.status().code(), response.content().toString(StandardCharsets.UTF_8)));
        }
    }

    private void open(ChannelHandlerContext ctx, ForwardCarrier carrier) {
        open = true;
        ctx.pipeline().remove(HttpObjectAggregator.class);
        ctx.pipeline().get(HttpClientCodec.class).removeOutboundHandler();
        ctx.pipeline().addBefore(ctx.name(), "api-carrier", carrier);
        // Its decoder is at work now, and hands on the bytes it has left when it goes.
        ctx.executor().execute(() -> {
            if (ctx.pipeline().get(HttpClientCodec.class) != null) {
                ctx.pipeline().remove(HttpClientCodec.class);
            }
        });
    }

    private void fail(ChannelHandlerContext ctx, Throwable why) {
        if (!failed) {
            failed = true;
            ctx.fireExceptionCaught(why);
            ctx.close();
        }
    }

    /** Something on the way may end what it does not know without an answer. */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (asked && !open && !failed) {
            protocols.refused(carriers.element());
        }
        ctx.fireChannelInactive();
    }

    /** Those of the API server's TLS would be taken for those of the manager's. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof SslCompletionEvent)) {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(ctx, open ? cause : new IOException("cannot reach the API server: " + message(cause), cause));
    }

    private static String message(Throwable failure) {
        Throwable deepest = failure;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return String.valueOf(deepest.getMessage());
    }
}
