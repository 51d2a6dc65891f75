package dev.telepath.manager.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import dev.telepath.fuzz.Mutations;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Whatever a call brings is messages, or is refused, and where its chunks are cut changes nothing. The first byte of an
 * input is the length of its chunks.
 */
class MessageReaderFuzzTest {
    /** What came out: the messages before the end or the refusal. */
    private record Outcome(List<ByteString> messages, Status.@Nullable Code refusal, boolean atBoundary) {}

    @FuzzTest
    void chunks(byte[] input) {
        if (input.length == 0) {
            return;
        }
        Buffer all = Buffer.buffer(input).slice(1, input.length);
        Outcome whole = read(all, Math.max(1, all.length()));
        Outcome cut = read(all, 1 + (input[0] & 0xff));

        assertThat(cut).isEqualTo(whole);
        if (whole.refusal() != null) {
            assertThat(whole.refusal()).isIn(Status.Code.UNIMPLEMENTED, Status.Code.RESOURCE_EXHAUSTED);
        }
        long bytes = whole.messages().stream()
                .mapToLong(one -> MessagePrefix.size() + one.size())
                .sum();
        assertThat(bytes).isLessThanOrEqualTo(all.length());
        if (whole.atBoundary()) {
            assertThat(bytes).isEqualTo(all.length());
        }
    }

    private static Outcome read(Buffer all, int length) {
        var reader = new MessageReader();
        var tally = new MessageTally();
        List<ByteString> messages = new ArrayList<>();
        Status.Code refusal = null;
        for (int at = 0; at < all.length() && refusal == null; at += length) {
            Buffer chunk = all.slice(at, Math.min(all.length(), at + length));
            Status.Code tallied = null;
            try {
                tally.add(chunk);
            } catch (StatusRuntimeException refused) {
                tallied = refused.getStatus().getCode();
            }
            try {
                reader.add(chunk);
                for (ByteString next = reader.next(); next != null; next = reader.next()) {
                    messages.add(next);
                }
            } catch (StatusRuntimeException refused) {
                refusal = refused.getStatus().getCode();
            }
            assertThat(tallied).as("both judge alike").isEqualTo(refusal);
        }
        return new Outcome(messages, refusal, refusal == null && tally.atBoundary());
    }

    @Test
    void mutatedChunksAreMessagesOrRefused() {
        Mutations.of(MessageReaderFuzzTest.class, "chunks", this::chunks);
    }
}
