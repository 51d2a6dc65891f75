package dev.telepath.agent.split;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.filter.HttpFilter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2FrameReader;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Streams of a caller's HTTP/2 connection, read as they pass by, of which those that a filter matches are sent again on a
 * connection to the local process: headers, data, trailers and resets, within the windows of that process. What it answers
 * is thrown away. Confined to the loop.
 */
final class Http2Copy implements Http2Link.Events {
    /** Bytes of a frame; callers may send larger ones only where the workload asked for them. */
    private static final int MAX_FRAME = 1 << 20;
    /** Bytes of the table by which headers are compressed; workloads may allow more than the 4 KiB of the start. */
    private static final int MAX_TABLE = 64 * 1024;
    /** Bytes that wait for the local process before no more are taken. */
    private static final int MOST_UNDER_WAY = Http2Link.STREAM_WINDOW;
    /** Streams that the local process has not answered before no more are taken. */
    private static final int MOST_STREAMS = 1024;

    private final Http2Link link;
    private final HttpFilter filter;
    private final Runnable moved;
    private final Consumer<String> broken;
    private final EmbeddedChannel reading = new EmbeddedChannel();
    private final Map<Integer, Http2FrameStream> streams = new HashMap<>();
    private final Map<Http2FrameStream, Integer> ids = new IdentityHashMap<>();
    private long underWay;
    private boolean closed;

    /**
     * @param leg to the local process
     * @param moved is run when it may be full no more, or idle
     * @param broken told why nothing more can be copied
     */
    Http2Copy(Leg leg, HttpFilter filter, Runnable moved, Consumer<String> broken) {
        this.link = new Http2Link(leg, false, this);
        this.filter = filter;
        this.moved = moved;
        this.broken = broken;
    }

    void start() {
        reading.pipeline().addLast(new Reader());
        link.start();
    }

    /** What the caller sent. */
    void take(ByteString bytes) {
        reading.pipeline().fireChannelRead(Unpooled.wrappedBuffer(bytes.asReadOnlyByteBuffer()));
    }

    /** What the local process sent. */
    void received(ByteString bytes) {
        link.received(bytes);
    }

    /** The leg has taken what it was given. */
    void writable() {
        link.writable(true);
    }

    boolean isFull() {
        return underWay >= MOST_UNDER_WAY || streams.size() >= MOST_STREAMS;
    }

    /** Whether every request that was copied is answered. */
    boolean isIdle() {
        return streams.isEmpty();
    }

    void close() {
        closed = true;
        link.close();
        reading.close();
        // The decoder gives back what it holds of a frame in a task of its own.
        reading.runPendingTasks();
    }

    private void head(int id, Http2Headers headers, boolean last) {
        Http2FrameStream known = streams.get(id);
        if (known != null) {
            link.headers(known, headers, last);
        } else if (headers.method() != null && filter.matches(Http2Split.head(headers))) {
            Http2FrameStream copied = link.newStream();
            streams.put(id, copied);
            ids.put(copied, id);
            link.headers(copied, headers, last);
        }
    }

    private void data(int id, ByteBuf data, boolean last) {
        Http2FrameStream known = streams.get(id);
        if (known != null) {
            int bytes = data.readableBytes();
            underWay += bytes;
            link.data(known, Unpooled.copiedBuffer(data), last, () -> {
                underWay -= bytes;
                moved.run();
            });
        }
    }

    private void forget(Http2FrameStream stream) {
        Integer id = ids.remove(stream);
        if (id != null) {
            streams.remove(id);
            moved.run();
        }
    }

    @Override
    public void headers(Http2Link from, Http2FrameStream stream, Http2Headers headers, boolean last) {
        // The caller has its answer from another.
    }

    @Override
    public void data(Http2Link from, Http2FrameStream stream, ByteBuf content, int counted, boolean last) {
        content.release();
        link.consumed(stream, counted);
    }

    @Override
    public void reset(Http2Link from, Http2FrameStream stream, long code) {
        forget(stream);
    }

    @Override
    public void closed(Http2Link from, Http2FrameStream stream) {
        forget(stream);
    }

    @Override
    public void goingAway(Http2Link from) {
        broken.accept("the local process takes no further requests");
    }

    @Override
    public void broken(Http2Link from, String why) {
        broken.accept(why);
    }

    /** Reads frames that were meant for somebody else, so it answers none and keeps no windows. */
    private final class Reader extends ByteToMessageDecoder {
        private final Http2FrameReader frames;
        private final Frames heard = new Frames();
        private int preface = FirstBytes.PREFACE.size();

        Reader() {
            var headers = new DefaultHttp2HeadersDecoder(false, HeadCollector.MAX_HEAD);
            try {
                headers.configuration().maxHeaderTableSize(MAX_TABLE);
                frames = new DefaultHttp2FrameReader(headers);
                frames.configuration().frameSizePolicy().maxFrameSize(MAX_FRAME);
            } catch (Http2Exception e) {
                throw new IllegalStateException("bounds that HTTP/2 allows are taken", e);
            }
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws Http2Exception {
            if (closed) {
                in.skipBytes(in.readableBytes());
                return;
            }
            int skipped = Math.min(preface, in.readableBytes());
            in.skipBytes(skipped);
            preface -= skipped;
            if (preface == 0 && in.isReadable()) {
                frames.readFrame(context, in, heard);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            broken.accept("what the caller sends cannot be read: " + cause.getMessage());
        }

        @Override
        protected void handlerRemoved0(ChannelHandlerContext context) {
            frames.close();
        }
    }

    private final class Frames extends Http2FrameAdapter {
        @Override
        public int onDataRead(ChannelHandlerContext context, int id, ByteBuf bytes, int padding, boolean last) {
            data(id, bytes, last);
            return bytes.readableBytes() + padding;
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context, int id, Http2Headers headers, int padding, boolean last) {
            head(id, headers, last);
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context,
                int id,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean last) {
            head(id, headers, last);
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext context, int id, long code) {
            Http2FrameStream known = streams.get(id);
            if (known != null) {
                link.reset(known, code);
                forget(known);
            }
        }
    }
}
