package dev.telepath.agent.sftp;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.agent.share.SharedPaths;
import dev.telepath.fuzz.Mutations;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whatever a client sends is answered with whole packets, at most one for each of its own, or ends the connection with a cause. */
class ConversationFuzzTest {
    private static final int LEAST_REQUEST = 9;

    @FuzzTest
    void conversation(byte[] sent) throws IOException {
        Path lent = Files.createTempDirectory("telepath-sftp-fuzz-").toRealPath();
        var out = new ByteArrayOutputStream();
        try (var conversation = new Conversation(
                new LentTree(SharedPaths.of(List.of(), List.of(lent))),
                new DataInputStream(new ByteArrayInputStream(sent)),
                out,
                8,
                ConversationPropertiesTest.NOBODY)) {
            conversation.begin();
            conversation.run();
        } catch (IOException end) {
            assertThat(end.getMessage()).isNotBlank();
        } finally {
            Files.delete(lent);
        }
        assertThat(ConversationPropertiesTest.packets(out.toByteArray()))
                .isLessThanOrEqualTo(1 + sent.length / LEAST_REQUEST);
    }

    @Test
    void mutatedConversationsAreAnsweredOrEnded() {
        Mutations.of(ConversationFuzzTest.class, "conversation", 3_000, this::conversation);
    }
}
