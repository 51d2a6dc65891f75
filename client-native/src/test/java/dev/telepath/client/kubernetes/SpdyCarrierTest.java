package dev.telepath.client.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.spdy.DefaultSpdyDataFrame;
import io.netty.handler.codec.spdy.DefaultSpdyGoAwayFrame;
import io.netty.handler.codec.spdy.DefaultSpdyPingFrame;
import io.netty.handler.codec.spdy.DefaultSpdyRstStreamFrame;
import io.netty.handler.codec.spdy.DefaultSpdySettingsFrame;
import io.netty.handler.codec.spdy.DefaultSpdySynReplyFrame;
import io.netty.handler.codec.spdy.DefaultSpdyWindowUpdateFrame;
import io.netty.handler.codec.spdy.SpdyDataFrame;
import io.netty.handler.codec.spdy.SpdyFrame;
import io.netty.handler.codec.spdy.SpdyFrameCodec;
import io.netty.handler.codec.spdy.SpdyPingFrame;
import io.netty.handler.codec.spdy.SpdySessionStatus;
import io.netty.handler.codec.spdy.SpdyStreamStatus;
import io.netty.handler.codec.spdy.SpdySynStreamFrame;
import io.netty.handler.codec.spdy.SpdyVersion;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The peer is Netty's codec, which shares nothing with the carrier. */
class SpdyCarrierTest {
    private Forwarded forward;
    private EmbeddedChannel server;

    @BeforeEach
    @BeforeTry
    void begin() {
        forward = new Forwarded(new ForwardProtocols(InstantSource.system()));
        server = new EmbeddedChannel(new SpdyFrameCodec(SpdyVersion.SPDY_3_1));
    }

    @AfterEach
    @AfterTry
    void release() {
        forward.channel.finishAndReleaseAll();
        server.finishAndReleaseAll();
    }

    private byte[] wire(SpdyFrame... frames) {
        for (SpdyFrame frame : frames) {
            server.writeOutbound(frame);
        }
        var all = new ByteArrayOutputStream();
        for (ByteBuf next = server.readOutbound(); next != null; next = server.readOutbound()) {
            all.writeBytes(ByteBufUtil.getBytes(next));
            next.release();
        }
        return all.toByteArray();
    }

    private List<SpdyFrame> read() {
        server.writeInbound(Unpooled.wrappedBuffer(forward.sent()));
        List<SpdyFrame> frames = new ArrayList<>();
        for (SpdyFrame next = server.readInbound(); next != null; next = server.readInbound()) {
            frames.add(next);
        }
        return frames;
    }

    private void agree() {
        forward.request();
        forward.feed(Forwarded.spdy());
        read();
    }

    private void open() {
        agree();
        forward.feed(wire(new DefaultSpdySynReplyFrame(1), new DefaultSpdySynReplyFrame(3)), 4096);
    }

    private static SpdyDataFrame data(int stream, byte[] bytes) {
        return new DefaultSpdyDataFrame(stream, Unpooled.copiedBuffer(bytes));
    }

    @Test
    void theRequestNamesThePodAndTheUser() {
        assertThat(forward.request())
                .startsWith("POST " + Forwarded.PATH + " HTTP/1.1\r\n")
                .contains(
                        "upgrade: SPDY/3.1",
                        "X-Stream-Protocol-Version: portforward.k8s.io",
                        "host: api:6443",
                        "authorization: Bearer secret");
        assertThat(forward.active).isFalse();
    }

    @Test
    void streamsForErrorsAndForDataNameThePort() {
        forward.request();
        forward.feed(Forwarded.spdy());
        assertThat(read())
                .extracting(SpdySynStreamFrame.class::cast)
                .satisfiesExactly(
                        error -> {
                            assertThat(error.streamId()).isEqualTo(1);
                            assertThat(error.isLast()).isTrue();
                            assertThat(error.headers().getAsString("streamtype"))
                                    .isEqualTo("error");
                            assertThat(error.headers().getAsString("port")).isEqualTo("8443");
                            assertThat(error.headers().getAsString("requestid")).isEqualTo("0");
                        },
                        data -> {
                            assertThat(data.streamId()).isEqualTo(3);
                            assertThat(data.isLast()).isFalse();
                            assertThat(data.headers().getAsString("streamtype")).isEqualTo("data");
                            assertThat(data.headers().getAsString("port")).isEqualTo("8443");
                            assertThat(data.headers().getAsString("requestid")).isEqualTo("0");
                        });
    }

    @Test
    void nothingPassesBeforeTheStreamForDataIsAnswered() {
        agree();
        assertThat(forward.active).isFalse();
        forward.feed(wire(new DefaultSpdySynReplyFrame(1)), 4096);
        assertThat(forward.active).isFalse();
        forward.feed(wire(new DefaultSpdySynReplyFrame(3)), 4096);
        assertThat(forward.active).isTrue();
    }

    @Property(tries = 300)
    void bytesComeOutAsTheyWereSentHoweverTheWayCutsThemAndWhateverComesBetween(
            @ForAll @Size(max = 20) List<@Size(max = 700) byte[]> messages,
            @ForAll @IntRange(min = 1, max = 3000) int chunk,
            @ForAll @Size(20) List<@IntRange(min = 0, max = 4) Integer> between) {
        forward.request();
        var wire = new ByteArrayOutputStream();
        var expected = new ByteArrayOutputStream();
        wire.writeBytes(Forwarded.spdy().getBytes(StandardCharsets.US_ASCII));
        wire.writeBytes(wire(new DefaultSpdySynReplyFrame(1), new DefaultSpdySynReplyFrame(3)));
        for (int at = 0; at < messages.size(); at++) {
            wire.writeBytes(
                    switch (between.get(at)) {
                        case 0 -> wire(new DefaultSpdyPingFrame(2 * at + 2));
                        case 1 -> wire(new DefaultSpdyWindowUpdateFrame(3, 1000));
                        case 2 -> wire(new DefaultSpdySettingsFrame().setValue(4, 100));
                        case 3 -> wire(data(5, new byte[] {1, 2, 3}));
                        default -> new byte[0];
                    });
            wire.writeBytes(wire(data(3, messages.get(at))));
            expected.writeBytes(messages.get(at));
        }
        forward.feed(wire.toByteArray(), chunk);
        assertThat(forward.active).isTrue();
        assertThat(forward.came()).isEqualTo(expected.toByteArray());
        assertThat(forward.channel.isOpen()).isTrue();
    }

    @Property(tries = 300)
    void whatIsWrittenIsReadByAnySpdyServerAsTheSameBytes(
            @ForAll @Size(max = 20) List<@Size(max = 700) byte[]> messages) {
        open();
        var expected = new ByteArrayOutputStream();
        for (byte[] message : messages) {
            forward.channel.writeOutbound(Unpooled.copiedBuffer(message));
            expected.writeBytes(message);
        }
        var read = new ByteArrayOutputStream();
        for (SpdyFrame frame : read()) {
            SpdyDataFrame data = (SpdyDataFrame) frame;
            assertThat(data.streamId()).isEqualTo(3);
            assertThat(data.isLast()).isFalse();
            read.writeBytes(ByteBufUtil.getBytes(data.content()));
            data.release();
        }
        assertThat(read.toByteArray()).isEqualTo(expected.toByteArray());
    }

    @Property(tries = 300)
    void garbageEndsTheChannelOrIsNothing(@ForAll @Size(max = 400) byte[] garbage) {
        agree();
        try {
            forward.feed(garbage, 7);
        } catch (Exception expected) {
            assertThat(expected).hasMessageContaining("the API server's port-forward");
        }
    }

    @Test
    void pingsOfTheServerAreAnsweredAndAnswersAreNot() {
        open();
        forward.feed(wire(new DefaultSpdyPingFrame(4), new DefaultSpdyPingFrame(7)), 5);
        assertThat(read()).extracting(frame -> ((SpdyPingFrame) frame).id()).containsExactly(4);
    }

    @Test
    void anErrorOfTheForwardEndsTheChannelWithItsText() {
        open();
        byte[] text = "connection refused".getBytes(StandardCharsets.US_ASCII);
        assertThatThrownBy(() -> forward.feed(wire(data(1, text)), 4)).hasMessageContaining("connection refused");
        assertThat(forward.channel.isOpen()).isFalse();
    }

    @Test
    void theEndOfTheDataEndsTheChannelAndThatOfTheErrorsDoesNot() {
        open();
        forward.feed(wire(new DefaultSpdyDataFrame(1).setLast(true)), 4096);
        assertThat(forward.channel.isOpen()).isTrue();
        forward.feed(wire(data(3, new byte[] {7}).setLast(true)), 4096);
        assertThat(forward.came()).containsExactly(7);
        assertThat(forward.channel.isOpen()).isFalse();
    }

    @Test
    void aStreamThatIsRefusedIsTold() {
        agree();
        assertThatThrownBy(() ->
                        forward.feed(wire(new DefaultSpdyRstStreamFrame(3, SpdyStreamStatus.REFUSED_STREAM)), 4096))
                .hasMessageContaining("the API server's port-forward");
        assertThat(forward.channel.isOpen()).isFalse();
        assertThat(forward.active).isFalse();
    }

    @Test
    void aServerThatGoesAwayEndsTheChannel() {
        open();
        forward.feed(wire(new DefaultSpdyGoAwayFrame(3, SpdySessionStatus.OK)), 4096);
        assertThat(forward.channel.isOpen()).isFalse();
    }
}
