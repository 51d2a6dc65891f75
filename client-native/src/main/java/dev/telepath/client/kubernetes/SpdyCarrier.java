package dev.telepath.client.kubernetes;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.spdy.DefaultSpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Two streams of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00, section 2), one for errors and one for data, as {@code kubectl
 * port-forward} has them: streams {@code portforward.k8s.io}. Container runtimes know no window of SPDY's, so there is none.
 *
 * <p>Frames are told apart here, since Netty's codec copies what it hands on; what opens the streams is its work.
 */
final class SpdyCarrier extends ForwardCarrier {
    private static final String PROTOCOL = "portforward.k8s.io";
    private static final String UPGRADE = "SPDY/3.1";
    private static final String STREAMS = "X-Stream-Protocol-Version";

    private static final int ERROR = 1;
    private static final int DATA = 3;

    private static final int HEAD = 8;
    private static final int FIN = 1;
    private static final int REPLY = 2;
    private static final int RESET = 3;
    private static final int PING = 6;
    private static final int GO_AWAY = 7;
    /** Of a control frame: a stream and its status, or what a ping has. */
    private static final int MOST_CONTROL = 8;

    private static final int MOST_ERROR = 1024;

    private int port;
    /** Of the frame that comes: its first bytes, how many they are, and how many come after them. */
    private long head;

    private int headBytes;
    private int left;
    private long control;
    private int controlBytes;
    private boolean active;
    private boolean ended;
    private final StringBuilder error = new StringBuilder();

    @Override
    String protocol() {
        return PROTOCOL;
    }

    @Override
    FullHttpRequest request(String path, int port) {
        this.port = port;
        FullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, path);
        request.headers()
                .set(HttpHeaderNames.UPGRADE, UPGRADE)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
                .set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO)
                .set(STREAMS, PROTOCOL);
        return request;
    }

    @Override
    boolean isAgreed(HttpResponse response) {
        return response.headers().contains(HttpHeaderNames.UPGRADE, UPGRADE, true)
                && PROTOCOL.equals(response.headers().get(STREAMS));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.writeAndFlush(streams(port));
    }

    /** What opens both streams, that for errors first and without anything from here. */
    private static ByteBuf streams(int port) {
        var codec = new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
        try {
            codec.writeOutbound(stream(ERROR, "error", port).setLast(true), stream(DATA, "data", port));
            ByteBuf both = Unpooled.buffer();
            for (ByteBuf next = codec.readOutbound(); next != null; next = codec.readOutbound()) {
                both.writeBytes(next);
                next.release();
            }
            return both;
        } finally {
            codec.finishAndReleaseAll();
        }
    }

    private static SpdySynStreamFrame stream(int id, String type, int port) {
        SpdySynStreamFrame stream = new DefaultSpdySynStreamFrame(id, 0, (byte) 0);
        stream.headers()
                .set("streamtype", type)
                .set("port", Integer.toString(port))
                .set("requestid", "0");
        return stream;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            while (in.isReadable() && !ended) {
                if (headBytes < HEAD) {
                    head = head << 8 | in.readUnsignedByte();
                    if (++headBytes < HEAD) {
                        continue;
                    }
                    left = (int) (head & 0xFFFFFF);
                    controlBytes = 0;
                }
                int now = Math.min(left, in.readableBytes());
                left -= now;
                payload(ctx, in, now);
                if (left == 0) {
                    headBytes = 0;
                    end(ctx);
                }
            }
        } finally {
            in.release();
        }
    }

    private boolean isControl() {
        return head < 0;
    }

    /** Of a frame of data. */
    private int stream() {
        return (int) (head >>> 32);
    }

    private void payload(ChannelHandlerContext ctx, ByteBuf in, int length) {
        if (!isControl() && stream() == DATA && length > 0) {
            ctx.fireChannelRead(in.readRetainedSlice(length));
            return;
        }
        int end = in.readerIndex() + length;
        if (!isControl() && stream() == ERROR && error.length() < MOST_ERROR) {
            error.append(in.toString(in.readerIndex(), Math.min(length, MOST_ERROR), StandardCharsets.UTF_8));
        }
        for (; isControl() && controlBytes < MOST_CONTROL && in.readerIndex() < end; controlBytes++) {
            control = control << 8 | in.readUnsignedByte();
        }
        in.readerIndex(end);
    }

    /** A frame has come whole. */
    private void end(ChannelHandlerContext ctx) {
        if (!isControl()) {
            if (stream() == ERROR && !error.isEmpty()) {
                fail(ctx, error.toString());
            } else if (stream() == DATA && (head >>> 24 & FIN) != 0) {
                close(ctx);
            }
            return;
        }
        // What is no whole word of a stream is of no use, and of no harm.
        int first = (int) (controlBytes == MOST_CONTROL ? control >>> 32 : control) & 0x7FFF_FFFF;
        switch ((int) (head >>> 32) & 0xFFFF) {
            case REPLY -> {
                if (first == DATA && !active) {
                    active = true;
                    ctx.fireChannelActive();
                }
            }
            case RESET -> {
                if (first == DATA) {
                    fail(ctx, "the pod's side ended it");
                }
            }
            case PING -> {
                // Even ones are the API server's; odd ones would be answers.
                if (controlBytes == 4 && (first & 1) == 0) {
                    ctx.writeAndFlush(
                            ctx.alloc().buffer(HEAD + 4).writeLong(head).writeInt(first));
                }
            }
            case GO_AWAY -> close(ctx);
            default -> {}
        }
    }

    private void fail(ChannelHandlerContext ctx, String why) {
        ended = true;
        ctx.fireExceptionCaught(new IOException("the API server's port-forward: " + why));
    }

    private void close(ChannelHandlerContext ctx) {
        ended = true;
        ctx.close();
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf bytes)) {
            ctx.write(message, promise);
            return;
        }
        try {
            ctx.write(bytes.isReadable() ? frame(ctx.alloc(), bytes) : Unpooled.EMPTY_BUFFER, promise);
        } finally {
            bytes.release();
        }
    }

    /** The bytes are copied once, so that TLS has head and bytes in one piece. */
    private static ByteBuf frame(ByteBufAllocator alloc, ByteBuf bytes) {
        int length = bytes.readableBytes();
        return alloc.buffer(HEAD + length).writeInt(DATA).writeInt(length).writeBytes(bytes);
    }
}
