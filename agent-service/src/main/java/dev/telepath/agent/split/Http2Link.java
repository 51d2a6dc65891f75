package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamEvent;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.ReferenceCountUtil;

/**
 * HTTP/2 over a leg: frames of streams on one side, bytes on the other. Netty's codec does compression of headers, windows,
 * settings and pings of this one connection; its channel exists only here. Confined to the loop.
 */
final class Http2Link {
    /** Bytes of one stream and direction that may wait here. */
    static final int STREAM_WINDOW = 128 * 1024;
    /** Bytes of all streams of a connection and direction that may wait here. */
    static final int CONNECTION_WINDOW = 4 << 20;
    /** Streams at once that a caller may have. */
    private static final int MAX_STREAMS = 4096;

    private static final int WRITABILITY = 1;
    private static final int WINDOW_SECONDS = 30;

    /** What comes from the other end. */
    interface Events {
        void headers(Http2Link link, Http2FrameStream stream, Http2Headers headers, boolean last);

        /**
         * @param content owned by the callee
         * @param counted to be given back by {@link #consumed}
         */
        void data(Http2Link link, Http2FrameStream stream, ByteBuf content, int counted, boolean last);

        void reset(Http2Link link, Http2FrameStream stream, long code);

        /** Nothing of the stream follows, whatever its end. */
        void closed(Http2Link link, Http2FrameStream stream);

        /** The other end wants no further streams. */
        void goingAway(Http2Link link);

        /** The connection cannot go on. */
        void broken(Http2Link link, String why);
    }

    private final Leg leg;
    private final Events events;
    private final Http2FrameCodec codec;
    private final Frames frames = new Frames();
    private final Wire wire;
    private boolean over;

    /**
     * @param server whether the other end is a caller
     */
    Http2Link(Leg leg, boolean server, Events events) {
        this.leg = leg;
        this.events = events;
        var settings = Http2Settings.defaultSettings()
                .initialWindowSize(STREAM_WINDOW)
                .maxHeaderListSize(HeadCollector.MAX_HEAD);
        var builder = server
                ? Http2FrameCodecBuilder.forServer().initialSettings(settings.maxConcurrentStreams(MAX_STREAMS))
                : Http2FrameCodecBuilder.forClient().initialSettings(settings.pushEnabled(false));
        // Headers are passed on as they came, and a caller who resets much is the workload's to judge.
        this.codec = builder.validateHeaders(false)
                .encoderEnforceMaxConcurrentStreams(!server)
                .encoderIgnoreMaxHeaderListSize(true)
                .decoderEnforceMaxRstFramesPerWindow(Integer.MAX_VALUE, WINDOW_SECONDS)
                .encoderEnforceMaxRstFramesPerWindow(Integer.MAX_VALUE, WINDOW_SECONDS)
                .gracefulShutdownTimeoutMillis(0)
                .build();
        this.wire = new Wire();
    }

    /** Sends what a connection begins with. */
    void start() {
        wire.pipeline().addLast(codec, frames);
        wire.pipeline().fireChannelActive();
        wire.writeAndFlush(new DefaultHttp2WindowUpdateFrame(CONNECTION_WINDOW));
    }

    Leg leg() {
        return leg;
    }

    void received(ByteString bytes) {
        if (!over) {
            wire.pipeline().fireChannelRead(Unpooled.wrappedBuffer(bytes.asReadOnlyByteBuffer()));
            wire.pipeline().fireChannelReadComplete();
            wire.runPendingTasks();
        }
    }

    /** The leg takes bytes again, or not. */
    void writable(boolean takes) {
        var buffer = wire.unsafe().outboundBuffer();
        if (!over && buffer != null && buffer.getUserDefinedWritability(WRITABILITY) != takes) {
            buffer.setUserDefinedWritability(WRITABILITY, takes);
            wire.runPendingTasks();
            wire.flush();
        }
    }

    Http2FrameStream newStream() {
        return frames.newStream();
    }

    void headers(Http2FrameStream stream, Http2Headers headers, boolean last) {
        sent(wire.writeAndFlush(new DefaultHttp2HeadersFrame(headers, last).stream(stream)), stream);
    }

    /**
     * @param then runs when the bytes are on their way, or will never be
     */
    void data(Http2FrameStream stream, ByteBuf content, boolean last, Runnable then) {
        if (over) {
            content.release();
            then.run();
            return;
        }
        wire.writeAndFlush(new DefaultHttp2DataFrame(content, last).stream(stream))
                .addListener((ChannelFutureListener) written -> then.run());
    }

    void reset(Http2FrameStream stream, long code) {
        if (!over) {
            wire.writeAndFlush(new DefaultHttp2ResetFrame(code).stream(stream));
        }
    }

    /** Gives credit back to the other end. */
    void consumed(Http2FrameStream stream, int bytes) {
        if (!over && bytes > 0) {
            wire.writeAndFlush(new DefaultHttp2WindowUpdateFrame(bytes).stream(stream));
        }
    }

    private void sent(ChannelFuture future, Http2FrameStream stream) {
        future.addListener((ChannelFutureListener) done -> {
            if (!done.isSuccess() && !over) {
                events.reset(this, stream, Http2Error.REFUSED_STREAM.code());
            }
        });
    }

    /** Ends the codec; what it held is released. The leg is the owner's to end. */
    void close() {
        if (!over) {
            over = true;
            wire.close();
            wire.runPendingTasks();
        }
    }

    /** A channel whose transport is the leg. */
    private final class Wire extends EmbeddedChannel {
        @Override
        protected void handleOutboundMessage(Object message) {
            var bytes = (ByteBuf) message;
            try {
                if (!over && bytes.isReadable()) {
                    byte[] copy = new byte[bytes.readableBytes()];
                    bytes.readBytes(copy);
                    leg.write(UnsafeByteOperations.unsafeWrap(copy));
                    writable(leg.writable());
                }
            } finally {
                bytes.release();
            }
        }
    }

    private final class Frames extends Http2ChannelDuplexHandler {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object frame) {
            switch (frame) {
                case Http2HeadersFrame head ->
                    events.headers(Http2Link.this, head.stream(), head.headers(), head.isEndStream());
                case Http2DataFrame data ->
                    events.data(
                            Http2Link.this,
                            data.stream(),
                            data.content(),
                            data.initialFlowControlledBytes(),
                            data.isEndStream());
                case Http2ResetFrame reset -> events.reset(Http2Link.this, reset.stream(), reset.errorCode());
                case Http2GoAwayFrame goAway -> {
                    goAway.release();
                    events.goingAway(Http2Link.this);
                }
                default -> ReferenceCountUtil.release(frame);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof Http2FrameStreamEvent of
                    && of.type() == Http2FrameStreamEvent.Type.State
                    && of.stream().state() == Http2Stream.State.CLOSED) {
                events.closed(Http2Link.this, of.stream());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (cause instanceof Http2FrameStreamException of) {
                events.reset(Http2Link.this, of.stream(), of.error().code());
            } else if (!over) {
                events.broken(Http2Link.this, String.valueOf(cause.getMessage()));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (!over) {
                events.broken(Http2Link.this, "the connection broke the protocol");
            }
        }
    }
}
