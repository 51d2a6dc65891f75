package dev.telepath.tunnel.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BlocksTest {
    private final Blocks blocks = new Blocks();
    private final byte[] bulk = bytes(FrameCodec.MAX_DATA, 1);

    @Test
    void whatWasReadIntoABlockIsTheSocketsToWriteAndThenFree() {
        Block block = blocks.lend();
        ByteString read = block.fill(Unpooled.wrappedBuffer(bulk));
        assertThat(read.toByteArray()).isEqualTo(bulk);

        ByteBuf written = block.write();
        assertThat(written).isEqualTo(Unpooled.wrappedBuffer(bulk));
        assertThatNobodyGets(read);
        written.release();

        assertThatTheNextGets(read);
    }

    @Test
    void theBytesOfAMessageKnowTheBlockThatItWasReadInto() {
        byte[] array = blocks.array(bulk.length + 20);
        System.arraycopy(bulk, 0, array, 20, bulk.length);
        ByteString view = UnsafeByteOperations.unsafeWrap(array, 0, bulk.length + 20)
                .substring(20)
                .substring(5);

        Block block = Objects.requireNonNull(blocks.of(view));

        assertThat(block.write()).isEqualTo(Unpooled.wrappedBuffer(bulk, 5, bulk.length - 5));
        block.free();
        assertThat(blocks.array(Blocks.LEAST)).isSameAs(array);
    }

    @Test
    void aMessageThatIsWrittenGivesItsBlockBackWithTheLastReference() {
        byte[] array = blocks.array(bulk.length);
        System.arraycopy(bulk, 0, array, 0, bulk.length);

        ByteBuf written = blocks.write(array, bulk.length);
        assertThat(written).isEqualTo(Unpooled.wrappedBuffer(bulk));
        ByteBuf slice = written.retainedSlice();
        written.release();
        assertThat(blocks.kept()).isZero();
        slice.release();
        assertThat(blocks.array(Blocks.LEAST)).isSameAs(array);

        byte[] own = {1, 2, 3};
        assertThat(blocks.write(own, 2)).isEqualTo(Unpooled.wrappedBuffer(own, 0, 2));
    }

    @Test
    void bytesOfTheirOwnOrOfSeveralArraysAreInNoBlock() {
        assertThat(blocks.of(ByteString.copyFrom(bulk))).isNull();
        assertThat(blocks.of(ByteString.EMPTY)).isNull();
        assertThat(blocks.of(UnsafeByteOperations.unsafeWrap(new byte[Blocks.LENGTH], 0, bulk.length)))
                .as("of the same length, and not of these blocks")
                .isNull();
        assertThat(blocks.of(UnsafeByteOperations.unsafeWrap(new Blocks().array(bulk.length))))
                .isNull();
        var two = UnsafeByteOperations.unsafeWrap(blocks.array(Blocks.LEAST))
                .concat(UnsafeByteOperations.unsafeWrap(blocks.array(Blocks.LEAST)));
        assertThat(blocks.of(two)).isNull();
    }

    @Test
    void aBlockIsGivenBackOnceHoweverOftenThatIsSaid() {
        Block block = blocks.lend();
        block.fill(Unpooled.wrappedBuffer(bulk));
        block.free();
        block.free();

        assertThat(blocks.kept()).isEqualTo(Blocks.LENGTH);
        assertThat(blocks.array(Blocks.LEAST)).isNotSameAs(blocks.array(Blocks.LEAST));
        assertThatIllegalStateException().isThrownBy(() -> block.fill(Unpooled.wrappedBuffer(bulk)));
    }

    @Test
    void whatIsSmallOrTooLargeHasAnArrayOfItsOwn() {
        assertThat(blocks.array(Blocks.LEAST - 1)).hasSize(Blocks.LEAST - 1);
        assertThat(blocks.array(100_000)).hasSize(100_000);
    }

    @Test
    void whoSharesBytesHandsOnNoBlock() {
        Block block = blocks.lend();
        var data = new Frame.Data(block.fill(Unpooled.wrappedBuffer(bulk)), block);

        assertThat(data.shared()).isEqualTo(new Frame.Data(data.bytes()));
        assertThat(data.shared().shared().block()).isNull();
    }

    private void assertThatNobodyGets(ByteString read) {
        Block other = blocks.lend();
        other.fill(Unpooled.wrappedBuffer(bytes(FrameCodec.MAX_DATA, 2)));
        assertThat(read.toByteArray()).isEqualTo(bulk);
    }

    private void assertThatTheNextGets(ByteString read) {
        byte[] others = bytes(FrameCodec.MAX_DATA, 3);
        blocks.lend().fill(Unpooled.wrappedBuffer(others));
        assertThat(Arrays.equals(read.toByteArray(), others)).isTrue();
    }

    private static byte[] bytes(int count, int seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
