package dev.telepath.agent.sftp;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.agent.share.SharedPaths;
import dev.telepath.fuzz.Mutations;
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
        try {
            byte[] answered = ConversationPropertiesTest.converse(SharedPaths.of(List.of(), List.of(lent)), sent);
            assertThat(ConversationPropertiesTest.packets(answered))
                    .isLessThanOrEqualTo(1 + sent.length / LEAST_REQUEST);
        } finally {
            Files.delete(lent);
        }
    }

    @Test
    void mutatedConversationsAreAnsweredOrEnded() {
        Mutations.of(ConversationFuzzTest.class, "conversation", 3_000, this::conversation);
    }
}
