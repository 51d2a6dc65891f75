package dev.telepath.client.kubernetes;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/** WebSocket messages (RFC 6455) of the subprotocol {@code v4.channel.k8s.io}: one byte names the channel, data or error. */
final class WebSocketCarrier extends ForwardCarrier {
    private static final String PROTOCOL = "v4.channel.k8s.io";

    private static final String ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    /** API servers send what they read at once, at most 32 KiB. */
    private static final int MOST_MESSAGE = 1024 * 1024;

    private static final int MOST_ERROR = 1024;
    private static final int DATA = 0;
    private static final int ERROR = 1;
    private static final int PORT_BYTES = 2;

    private final SecureRandom masks = new SecureRandom();
    private final String key;
    private final int[] portBytesLeft = {PORT_BYTES, PORT_BYTES};
    private final StringBuilder error = new StringBuilder();
    private int channel = -1;

    WebSocketCarrier() {
        byte[] nonce = new byte[16];
        masks.nextBytes(nonce);
        this.key = Base64.getEncoder().encodeToString(nonce);
    }

    @Override
    String protocol() {
        return PROTOCOL;
    }

    @Override
    FullHttpRequest request(String path, int port) {
        FullHttpRequest request =
                new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, path + "?ports=" + port);
        request.headers()
                .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
                .set(HttpHeaderNames.SEC_WEBSOCKET_KEY, key)
                .set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, "13")
                .set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, PROTOCOL);
        return request;
    }

    @Override
    boolean isAgreed(HttpResponse response) {
        return accept(key).equals(response.headers().get(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT))
                && PROTOCOL.equals(response.headers().get(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.pipeline()
                .addBefore(
                        ctx.name(),
                        "api-frames",
                        new WebSocket13FrameDecoder(WebSocketDecoderConfig.newBuilder()
                                .expectMaskedFrames(false)
                                .maxFramePayloadLength(MOST_MESSAGE)
                                .build()));
        ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof WebSocketFrame frame) {
            frame(ctx, frame);
        } else {
            ReferenceCountUtil.release(message);
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
            ctx.fireExceptionCaught(new IOException("the API server's port-forward: " + error));
        }
        content.release();
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf bytes)) {
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
