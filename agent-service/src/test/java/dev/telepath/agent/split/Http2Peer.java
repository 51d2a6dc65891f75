package dev.telepath.agent.split;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** An HTTP/2 server or client in memory. Whatever is sent to its peer is told in bytes. */
class Http2Peer extends EmbeddedChannel {
    final Map<Http2FrameStream, String> heard = new TreeMap<>((a, b) -> Integer.compare(a.id(), b.id()));

    Http2Peer(boolean server) {
        super((server ? Http2FrameCodecBuilder.forServer() : Http2FrameCodecBuilder.forClient())
                .validateHeaders(false)
                .build());
        pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object frame) {
                switch (frame) {
                    case Http2HeadersFrame head ->
                        heard.merge(head.stream(), head.headers().path() + " ", String::concat);
                    case Http2DataFrame data ->
                        heard.merge(
                                data.stream(),
                                data.content().toString(StandardCharsets.ISO_8859_1) + (data.isEndStream() ? "." : ""),
                                String::concat);
                    case Http2ResetFrame reset -> heard.merge(reset.stream(), "reset", String::concat);
                    default -> {}
                }
                ReferenceCountUtil.release(frame);
            }
        });
    }

    /** Answers each stream that has ended and has no answer yet. */
    final void answer(String text) {
        heard.forEach((stream, all) -> {
            if (all.endsWith(".") && stream.state() == Http2Stream.State.HALF_CLOSED_REMOTE) {
                writeOutbound(
                        new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().status("200"), false).stream(stream),
                        new DefaultHttp2DataFrame(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1), true)
                                .stream(stream));
            }
        });
    }

    final String sent() {
        var all = Unpooled.buffer();
        for (ByteBuf bytes = readOutbound(); bytes != null; bytes = readOutbound()) {
            all.writeBytes(bytes);
            bytes.release();
        }
        return new String(ByteBufUtil.getBytes(all), StandardCharsets.ISO_8859_1);
    }

    /** A client whose server allows everything. */
    static final class Caller extends Http2Peer {
        private final Streams streams = new Streams();

        Caller() {
            super(false);
            pipeline().addLast(streams);
        }

        Http2FrameStream ask(String user, String path, String body) {
            Http2FrameStream stream = streams.newStream();
            var headers = new DefaultHttp2Headers()
                    .method("POST")
                    .path(path)
                    .scheme("http")
                    .authority("x");
            headers.add("x-user", user).add("x-" + path.substring(1), "compressed by what was sent before");
            writeOutbound(
                    new DefaultHttp2HeadersFrame(headers, false).stream(stream),
                    new DefaultHttp2DataFrame(Unpooled.copiedBuffer(body, StandardCharsets.ISO_8859_1), true)
                            .stream(stream));
            return stream;
        }

        private static final class Streams extends Http2ChannelDuplexHandler {}
    }
}
