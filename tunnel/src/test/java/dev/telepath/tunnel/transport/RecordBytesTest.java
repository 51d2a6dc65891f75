package dev.telepath.tunnel.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SSLContext;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

class RecordBytesTest {
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);

    @Property(tries = 300)
    void whateverComesInWhatPiecesItIsThereInOrderAndNothingIsKept(@ForAll @LongRange(min = 0) long seed) {
        var random = new Random(seed);
        var sent = new ByteArrayOutputStream();
        var records = new Records(random.nextInt(1, 20_000));
        var channel = new EmbeddedChannel(records);
        channel.config().setAllocator(allocator);
        List<ByteBuf> given = new ArrayList<>();
        for (int piece = 0; piece < 40; piece++) {
            byte[] bytes = new byte[random.nextInt(random.nextBoolean() ? 100 : 70_000)];
            random.nextBytes(bytes);
            sent.writeBytes(bytes);
            ByteBuf in = random.nextBoolean()
                    ? allocator.directBuffer(bytes.length + 1)
                    : allocator.heapBuffer(bytes.length + 1);
            given.add(in);
            channel.writeInbound(in.writeBytes(bytes));
        }
        channel.finishAndReleaseAll();

        assertThat(records.read.toByteArray()).isEqualTo(sent.toByteArray());
        assertThat(records.inArrays).isTrue();
        assertThat(given).allMatch(in -> in.refCnt() == 0);
        assertThat(allocator.metric().usedHeapMemory()).isZero();
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    @Example
    void aPipelineWithoutTlsIsLeftAsItIs() throws Exception {
        RecordBytes.gather(new EmbeddedChannel().pipeline());
        var tls = new SslHandler(SSLContext.getDefault().createSSLEngine());
        RecordBytes.gather(new EmbeddedChannel(tls).pipeline());
    }

    /** Takes pieces of one length, and what is left at the end. */
    private static final class Records extends ByteToMessageDecoder {
        private final int length;
        private final ByteArrayOutputStream read = new ByteArrayOutputStream();
        private boolean inArrays = true;

        Records(int length) {
            this.length = length;
            setCumulator(RecordBytes.ARRAYS);
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            inArrays &= in.hasArray();
            if (in.readableBytes() >= length) {
                take(in, length);
            }
        }

        @Override
        protected void decodeLast(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            take(in, in.readableBytes());
        }

        private void take(ByteBuf in, int count) {
            byte[] bytes = new byte[count];
            in.readBytes(bytes);
            read.writeBytes(bytes);
        }
    }
}
