package dev.telepath.manager.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import io.grpc.Status;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Flow;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Messages come out of chunks as they went in, wherever the chunks are cut, and everything else is refused. */
class MessageReaderTest {
    private static Buffer framed(List<byte[]> messages) {
        Buffer all = Buffer.buffer();
        messages.forEach(
                one -> all.appendByte((byte) 0).appendUnsignedInt(one.length).appendBytes(one));
        return all;
    }

    /** Cut at the given lengths, again and again. */
    private static List<Buffer> cut(Buffer all, List<Integer> lengths) {
        List<Buffer> chunks = new ArrayList<>();
        int at = 0;
        for (int i = 0; at < all.length(); i++) {
            int to = Math.min(all.length(), at + lengths.get(i % lengths.size()));
            chunks.add(all.slice(at, to));
            at = to;
        }
        return chunks;
    }

    @Property
    void messagesAreTheSameWhateverTheChunks(
            @ForAll @Size(max = 8) List<byte[]> messages,
            @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 1, max = 40) Integer> lengths) {
        var reader = new MessageReader();
        var tally = new MessageTally();
        List<byte[]> read = new ArrayList<>();
        for (Buffer chunk : cut(framed(messages), lengths)) {
            tally.add(chunk);
            reader.add(chunk);
            for (ByteString next = reader.next(); next != null; next = reader.next()) {
                read.add(next.toByteArray());
            }
        }
        assertThat(read).usingElementComparator(Arrays::compare).isEqualTo(messages);
        assertThat(tally.atBoundary()).isTrue();
    }

    @Property
    void whatIsCutShortIsNeverAtABoundaryUnlessAMessageEndsThere(
            @ForAll @Size(min = 1, max = 4) List<byte[]> messages) {
        Buffer all = framed(messages);
        List<Integer> ends = new ArrayList<>(List.of(0));
        messages.forEach(one -> ends.add(ends.getLast() + MessagePrefix.size() + one.length));
        for (int length = 0; length <= all.length(); length++) {
            var tally = new MessageTally();
            tally.add(all.slice(0, length));
            assertThat(tally.atBoundary()).as("after %d bytes", length).isEqualTo(ends.contains(length));
        }
    }

    @Property
    void theRestIsWhatIsBehindTheMessage(@ForAll byte[] message, @ForAll byte[] behind) {
        var reader = new MessageReader();
        reader.add(framed(List.of(message)).appendBytes(behind));

        assertThat(reader.next()).isEqualTo(ByteString.copyFrom(message));
        assertThat(reader.rest().getBytes()).isEqualTo(behind);
    }

    @Example
    void aCompressedMessageIsNotImplemented() {
        refused(Buffer.buffer(new byte[] {1, 0, 0, 0, 0}), Status.Code.UNIMPLEMENTED);
    }

    @Example
    void aMessageOfMoreThanFourMebibytesExhaustsAndOneOfJustThatDoesNot() {
        refused(Buffer.buffer().appendByte((byte) 0).appendInt(4 * 1024 * 1024 + 1), Status.Code.RESOURCE_EXHAUSTED);
        refused(Buffer.buffer().appendByte((byte) 0).appendInt(-1), Status.Code.RESOURCE_EXHAUSTED);

        var reader = new MessageReader();
        reader.add(framed(List.of(new byte[4 * 1024 * 1024])));
        assertThat(reader.next()).hasSize(4 * 1024 * 1024);
    }

    private static void refused(Buffer chunk, Status.Code code) {
        var reader = new MessageReader();
        reader.add(chunk);
        assertThatThrownBy(reader::next)
                .satisfies(e -> assertThat(Status.fromThrowable(e).getCode()).isEqualTo(code));
        assertThatThrownBy(() -> new MessageTally().add(chunk))
                .satisfies(e -> assertThat(Status.fromThrowable(e).getCode()).isEqualTo(code));
    }

    @Property
    void oneChunkAtATimeIsAskedForAndTheEndComesBehindTheLastMessage(
            @ForAll @Size(max = 6) List<byte[]> messages,
            @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 1, max = 40) Integer> lengths,
            @ForAll @IntRange(min = 1, max = 3) int step) {
        List<ByteString> bodies = messages.stream().map(ByteString::copyFrom).toList();
        Buffer all = Buffer.buffer();
        bodies.forEach(body -> all.appendBuffer(
                Messages.chunk(BytesValue.newBuilder().setValue(body).build())));
        var source = new Source(cut(all, lengths));
        var heard = new Heard(step);

        Messages.in(source, BytesValue.parser()).subscribe(heard);

        assertThat(heard.items).isEqualTo(bodies);
        assertThat(heard.completed).isTrue();
        assertThat(source.mostAtOnce).isLessThanOrEqualTo(1);
    }

    /** Chunks on demand, one after the other, on the caller's thread. */
    private static final class Source implements Flow.Publisher<Buffer> {
        private final List<Buffer> chunks;
        private int next;
        private long mostAtOnce;

        Source(List<Buffer> chunks) {
            this.chunks = chunks;
        }

        @Override
        public void subscribe(Flow.Subscriber<? super Buffer> subscriber) {
            subscriber.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {
                    mostAtOnce = Math.max(mostAtOnce, n);
                    if (next < chunks.size()) {
                        subscriber.onNext(chunks.get(next++));
                    } else {
                        subscriber.onComplete();
                    }
                }

                @Override
                public void cancel() {
                    next = chunks.size();
                }
            });
        }
    }

    private static final class Heard implements Flow.Subscriber<BytesValue> {
        private final List<ByteString> items = new ArrayList<>();
        private final int step;
        private Flow.Subscription upstream = NONE;
        private boolean completed;
        private int missing;

        private static final Flow.Subscription NONE = new Flow.Subscription() {
            @Override
            public void request(long n) {}

            @Override
            public void cancel() {}
        };

        Heard(int step) {
            this.step = step;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            upstream = subscription;
            missing = step;
            subscription.request(step);
        }

        @Override
        public void onNext(BytesValue item) {
            assertThat(missing).isPositive();
            items.add(item.getValue());
            if (--missing == 0) {
                missing = step;
                upstream.request(step);
            }
        }

        @Override
        public void onError(Throwable cause) {
            throw new AssertionError(cause);
        }

        @Override
        public void onComplete() {
            completed = true;
        }
    }
}
