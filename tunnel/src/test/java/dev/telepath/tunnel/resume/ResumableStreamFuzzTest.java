package dev.telepath.tunnel.resume;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.fuzz.Mutations;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever frames a peer sends, in whatever order: see {@link HostilePeer} for what must hold. */
class ResumableStreamFuzzTest {
    @FuzzTest
    void initiator(byte[] script) {
        HostilePeer.ofInitiator().play(script);
    }

    @FuzzTest
    void acceptor(byte[] script) {
        HostilePeer.ofAcceptor().play(script);
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aPeerThatAcceptsAndThenLiesDoesNoHarm() {
        Mutations.of(ResumableStreamFuzzTest.class, "initiator", this::initiator);
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aPeerThatOpensAndThenLiesDoesNoHarm() {
        Mutations.of(ResumableStreamFuzzTest.class, "acceptor", this::acceptor);
    }
}
