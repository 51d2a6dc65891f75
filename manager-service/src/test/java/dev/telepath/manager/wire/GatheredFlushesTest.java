package dev.telepath.manager.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.BeforeTry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GatheredFlushesTest {
    private static final long CLOSE = GatheredFlushes.CLOSE.toNanos();

    private long now;
    private int flushes;
    private int written;
    private EmbeddedChannel channel = new EmbeddedChannel();

    @BeforeEach
    @BeforeTry
    void begin() {
        flushes = 0;
        written = 0;
        channel = new EmbeddedChannel(
                new ChannelOutboundHandlerAdapter() {
                    @Override
                    public void flush(ChannelHandlerContext ctx) {
                        flushes++;
                        ctx.flush();
                    }
                },
                new GatheredFlushes(() -> now));
    }

    private void write() {
        channel.write(Unpooled.wrappedBuffer(new byte[] {(byte) written++}));
        channel.pipeline().flush();
    }

    private int out() {
        return channel.outboundMessages().size();
    }

    /** Nothing that is written, since the embedded channel runs the turn of the loop at each write to it. */
    private void flush(int times) {
        for (int i = 0; i < times; i++) {
            channel.pipeline().flush();
        }
    }

    @Test
    void flushesThatAreAloneGoAtOnce() {
        for (int i = 1; i <= 5; i++) {
            flush(1);
            assertThat(flushes).isEqualTo(i);
            now += CLOSE;
        }
    }

    @Test
    void flushesThatFollowCloselyAreOneAtTheEndOfTheTurn() {
        flush(2);
        assertThat(flushes).as("the second shows that they are close").isEqualTo(2);
        flush(3);
        assertThat(flushes).isEqualTo(2);
        channel.runPendingTasks();
        assertThat(flushes).isEqualTo(3);
    }

    @Test
    void oneThatWaitedForNothingEndsTheGathering() {
        flush(3);
        channel.runPendingTasks();
        now += CLOSE;
        flush(1);
        assertThat(flushes).isEqualTo(4);
    }

    @Test
    void whatWaitsIsFlushedBeforeTheConnectionIsClosed() {
        flush(3);
        assertThat(flushes).isEqualTo(2);
        channel.close();
        assertThat(flushes).isEqualTo(3);
    }

    @Property(tries = 500)
    void afterEachTurnEverythingIsWrittenInOrder(
            @ForAll @Size(max = 50) List<@IntRange(min = 0, max = 150_000) Integer> steps) {
        for (int step : steps) {
            write();
            now += step;
            if (step % 3 == 0) {
                channel.runPendingTasks();
                assertThat(out()).isEqualTo(written);
            }
        }
        channel.runPendingTasks();
        assertThat(channel.outboundMessages())
                .extracting(bytes -> ((io.netty.buffer.ByteBuf) bytes).getByte(0))
                .isEqualTo(java.util.stream.IntStream.range(0, written)
                        .mapToObj(each -> (byte) each)
                        .toList());
    }
}
