package dev.telepath.tunnel.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2LocalFlowController;
import org.junit.jupiter.api.Test;

class ConnectionWindowTest {
    private static final byte[] EMPTY_SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};

    @Test
    void theWindowOfAConnectionIsWidenedOnceItsPeerSpeaksAndThatOfACallIsNot() {
        Http2ConnectionHandler http = new Http2ConnectionHandlerBuilder()
                .server(false)
                .frameListener(new Http2FrameAdapter())
                .build();
        var channel = new EmbeddedChannel(new ConnectionWindow(), http);
        Http2LocalFlowController flow = http.connection().local().flowController();
        assertEquals(65_535, flow.initialWindowSize(http.connection().connectionStream()));

        channel.writeInbound(Unpooled.wrappedBuffer(EMPTY_SETTINGS));

        assertEquals(
                ConnectionWindow.BYTES, flow.initialWindowSize(http.connection().connectionStream()));
        assertEquals(65_535, flow.initialWindowSize());
        assertNull(channel.pipeline().get(ConnectionWindow.class));
        channel.finishAndReleaseAll();
    }
}
