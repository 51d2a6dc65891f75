package dev.telepath.client.kubernetes;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
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
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.Deflater;

/**
 * Two streams of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00, section 2), one for errors and one for data, as {@code kubectl
 * port-forward} has them: streams {@code portforward.k8s.io}. Container runtimes know no window of SPDY's, so there is none.
 *
 * <p>Netty has a codec for SPDY, which copies what it hands on, and needs JZlib to be made an executable.
 */
final class SpdyCarrier extends ForwardCarrier {
    private static final String PROTOCOL = "portforward.k8s.io";
    private static final String UPGRADE = "SPDY/3.1";
    private static final String STREAMS = "X-Stream-Protocol-Version";

    private static final int ERROR = 1;
    private static final int DATA = 3;

    private static final int HEAD = 8;
    private static final int FIN = 1;
    /** What a control frame begins with: its bit, and version 3. */
    private static final int CONTROL = 0x8003;

    private static final int OPEN = 1;
    /** Of a frame that opens a stream: its id, that of another one, priority, slot. */
    private static final int OPEN_HEAD = 10;
    /** Compressed, far from it. */
    private static final int MOST_HEADERS = 512;

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
        var deflater = new Deflater();
        try {
            ByteBuf both = Unpooled.buffer();
            open(both, ERROR, FIN, headers(deflater, "error", port));
            open(both, DATA, 0, headers(deflater, "data", port));
            return both;
        } finally {
            deflater.end();
        }
    }

    private static void open(ByteBuf to, int stream, int flags, byte[] headers) {
        to.writeInt(CONTROL << 16 | OPEN).writeInt(flags << 24 | OPEN_HEAD + headers.length);
        to.writeInt(stream).writeZero(OPEN_HEAD - Integer.BYTES).writeBytes(headers);
    }

    /**
     * The headers of the next stream: all of a connection are one zlib stream (section 2.6.10.1), flushed for each. It
     * says that it has no dictionary (RFC 1950, FDICT), which every reader of zlib goes by.
     */
    private static byte[] headers(Deflater deflater, String type, int port) {
        ByteBuf plain = Unpooled.buffer();
        Map<String, String> headers = Map.of("streamtype", type, "port", Integer.toString(port), "requestid", "0");
        plain.writeInt(headers.size());
        headers.forEach((name, value) -> {
            text(plain, name);
            text(plain, value);
        });
        deflater.setInput(plain.array(), 0, plain.readableBytes());
        byte[] packed = new byte[MOST_HEADERS];
        return Arrays.copyOf(packed, deflater.deflate(packed, 0, packed.length, Deflater.SYNC_FLUSH));
    }

    private static void text(ByteBuf to, String text) {
        to.writeInt(text.length());
        to.writeCharSequence(text, StandardCharsets.US_ASCII);
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
