package dev.telepath.client.kubernetes;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.ssl.SslCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * A port of a pod, by way of the API server: bytes of the pipeline above it travel in WebSocket messages of the
 * subprotocol {@code v4.channel.k8s.io}. What is above learns that the channel is active when the API server has agreed.
 *
 * <p>Keeps nothing: what is above stops reading by its own window, and then the socket is not written by the API server
 * either. The protocol has no half-close; an end of either direction ends the channel. Runs on the channel's event loop.
 */
final class PortForward extends ChannelDuplexHandler {
    static final String PROTOCOL = "v4.channel.k8s.io";

    private static final String ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int MOST_REFUSAL = 64 * 1024;
    /** API servers send what they read at once, at most 32 KiB. */
    private static final int MOST_MESSAGE = 1024 * 1024;

    private static final int MOST_ERROR = 1024;
    private static final int DATA = 0;
    private static final int ERROR = 1;
    private static final int PORT_BYTES = 2;

    private final String host;
    private final String path;
    private final List<Map.Entry<String, String>> headers;
    private final RandomGenerator masks;
    private final String key;
    private final int[] portBytesLeft = {PORT_BYTES, PORT_BYTES};
    private final StringBuilder error = new StringBuilder();
    private int channel = -1;
    private boolean open;
    private boolean failed;

    /**
     * @param host what the API server is called in the request
     * @param path of the pod's {@code portforward}, with the port in its query
     * @param headers that prove the caller; secret
     */
    PortForward(String host, String path, List<Map.Entry<String, String>> headers) {
        this(host, path, headers, new SecureRandom());
    }

    PortForward(String host, String path, List<Map.Entry<String, String>> headers, RandomGenerator random) {
        this.host = host;
        this.path = path;
        this.headers = headers;
        this.masks = random;
        byte[] nonce = new byte[16];
        random.nextBytes(nonce);
        this.key = Base64.getEncoder().encodeToString(nonce);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.pipeline().addBefore(ctx.name(), "api-http", new HttpClientCodec());
        ctx.pipeline().addBefore(ctx.name(), "api-response", new HttpObjectAggregator(MOST_REFUSAL));
    }

    /** Held back: what is above is active once bytes pass. */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        FullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, path);
        request.headers()
                .set(HttpHeaderNames.HOST, host)
                .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
                .set(HttpHeaderNames.SEC_WEBSOCKET_KEY, key)
                .set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13")
                .set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, PROTOCOL);
        headers.forEach(each -> request.headers().add(each.getKey(), each.getValue()));
        ctx.writeAndFlush(request);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof FullHttpResponse response) {
            try {
                answered(ctx, response);
            } finally {
                response.release();
            }
        } else if (message instanceof WebSocketFrame frame && open) {
            frame(ctx, frame);
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    private void answered(ChannelHandlerContext ctx, FullHttpResponse response) {
        if (!response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
            fail(
                    ctx,
                    new PortForwardRefused(
                            response.status().code(), response.content().toString(StandardCharsets.UTF_8)));
        } else if (!accept(key).equals(response.headers().get(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT))
                || !PROTOCOL.equals(response.headers().get(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL))) {
            fail(ctx, new IOException("the API server does not offer " + PROTOCOL + " for port-forwards"));
        } else {
            ctx.pipeline()
                    .addBefore(
                            ctx.name(),
                            "api-frames",
                            new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder()
                                    .expectMaskedFrames(false)
                                    .maxFramePayloadLength(MOST_MESSAGE)
                                    .build()));
            open = true;
            ctx.pipeline().remove(HttpObjectAggregator.class);
            ctx.pipeline().get(HttpClientCodec.class).removeOutboundHandler();
            ctx.fireChannelActive();
            // Its decoder is at work now, and hands on the bytes it has left when it goes.
            ctx.executor().execute(() -> {
                if (ctx.pipeline().get(HttpClientCodec.class) != null) {
                    ctx.pipeline().remove(HttpClientCodec.class);
                }
            });
        }
    }

    private void frame(ChannelHandlerContext ctx, WebSocketFrame frame) {
        switch (frame) {
            case PingWebSocketFrame ping -> {
                ctx.writeAndFlush(ForwardFrames.pong(ctx.alloc(), ping.content(), masks.nextInt()));
                ping.release();
            }
            case CloseWebSocketFrame close -> {
                close.release();
                ctx.close();
            }
            case BinaryWebSocketFrame data -> {
                channel = data.content().isReadable() ? data.content().readByte() : -1;
                bytes(ctx, data.content());
            }
            case ContinuationWebSocketFrame more -> bytes(ctx, more.content());
            default -> frame.release();
        }
    }

    /** What a channel carries, without the port that it begins with. */
    private void bytes(ChannelHandlerContext ctx, ByteBuf content) {
        if (channel != DATA && channel != ERROR) {
            content.release();
            return;
        }
        int port = Math.min(portBytesLeft[channel], content.readableBytes());
        content.skipBytes(port);
        portBytesLeft[channel] -= port;
        if (channel == DATA && content.isReadable()) {
            ctx.fireChannelRead(content);
            return;
        }
        if (channel == ERROR && content.isReadable() && error.length() < MOST_ERROR) {
            error.append(content.toString(StandardCharsets.UTF_8));
            fail(ctx, new IOException("the API server's port-forward: " + error));
        }
        content.release();
    }

    private void fail(ChannelHandlerContext ctx, IOException why) {
        if (!failed) {
            failed = true;
            ctx.fireExceptionCaught(why);
            ctx.close();
        }
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf bytes) || !open) {
            ctx.write(message, promise);
            return;
        }
        try {
            ctx.write(
                    bytes.isReadable()
                            ? ForwardFrames.data(ctx.alloc(), DATA, bytes, masks.nextInt())
                            : Unpooled.EMPTY_BUFFER,
                    promise);
        } finally {
            bytes.release();
        }
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
        failed = true;
        ctx.fireExceptionCaught(
                open ? cause : new IOException("cannot reach the API server: " + message(cause), cause));
    }

    private static String message(Throwable failure) {
        Throwable deepest = failure;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return String.valueOf(deepest.getMessage());
    }

    static String accept(String key) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-1").digest((key + ACCEPT_GUID).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-1 is part of every Java runtime", e);
        }
    }
}
