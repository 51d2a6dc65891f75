package dev.telepath.agent.sftp;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.agent.share.SharedPaths;
import dev.telepath.fuzz.Mutations;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whatever a client sends is answered with whole packets, at most one for each of its own, or ends the connection with a cause. */
class ConversationFuzzTest {
    private static final int LEAST_REQUEST = 9;

    private static final Conversation.Traffic NOBODY = new Conversation.Traffic() {
        @Override
        public void read(long bytes) {}

        @Override
        public void written(long bytes) {}
    };

    @FuzzTest
    void conversation(byte[] sent) throws IOException {
        Path lent = Files.createTempDirectory("telepath-sftp-fuzz-").toRealPath();
        var out = new ByteArrayOutputStream();
        try (var conversation = new Conversation(
                new LentTree(SharedPaths.of(List.of(), List.of(lent))),
                new DataInputStream(new ByteArrayInputStream(sent)),
                out,
                8,
                NOBODY)) {
            conversation.begin();
            conversation.run();
        } catch (IOException end) {
            assertThat(end.getMessage()).isNotBlank();
        } finally {
            Files.delete(lent);
        }
        ByteBuffer answers = ByteBuffer.wrap(out.toByteArray());
        int count = 0;
        for (; answers.hasRemaining(); count++) {
            int length = answers.getInt();
            assertThat(length).isBetween(5, Packet.MOST_BYTES);
            answers.position(answers.position() + length);
        }
        assertThat(count).isLessThanOrEqualTo(1 + sent.length / LEAST_REQUEST);
    }

    @Test
    void mutatedConversationsAreAnsweredOrEnded() {
        Mutations.of(ConversationFuzzTest.class, "conversation", 3_000, this::conversation);
    }
}
