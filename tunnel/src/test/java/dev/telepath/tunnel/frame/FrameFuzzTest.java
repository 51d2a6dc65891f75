package dev.telepath.tunnel.frame;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import dev.telepath.fuzz.Mutations;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import org.junit.jupiter.api.Test;

/** Whatever a peer sends is a frame that means the same when it is sent on, or a {@link MalformedFrame}. */
class FrameFuzzTest {
    @FuzzTest
    void decode(byte[] payload) {
        Frame frame;
        try {
            frame = FrameCodec.decode(TunnelMessage.newBuilder()
                    .setPayload(ByteString.copyFrom(payload))
                    .build());
        } catch (MalformedFrame refused) {
            assertThat(refused.getMessage()).isNotBlank();
            return;
        }
        assertThat(FrameCodec.decode(FrameCodec.encode(frame))).isEqualTo(frame);
        if (frame instanceof Frame.StreamInfo info) {
            parts(info.id());
        }
    }

    @FuzzTest
    void connectionId(byte[] wire) {
        try {
            parts(new ConnectionId(ByteString.copyFrom(wire)));
        } catch (MalformedFrame refused) {
            assertThat(wire.length).isNotIn(13, 37);
        }
    }

    private static void parts(ConnectionId id) {
        assertThat(id.toString()).isNotBlank();
        assertThat(id.sourcePort()).isBetween(0, 65535);
        assertThat(id.destinationPort()).isBetween(0, 65535);
        assertThat(id.sourceAddress()).isNotNull();
        assertThat(id.destinationAddress()).isNotNull();
        try {
            assertThat(id.protocol()).isNotNull();
        } catch (MalformedFrame neitherTcpNorUdp) {
            assertThat(id.bytes().byteAt(id.bytes().size() - 1)).isNotIn((byte) 6, (byte) 17);
        }
    }

    @Test
    void mutatedFramesAreFramesOrMalformed() {
        Mutations.of(FrameFuzzTest.class, "decode", this::decode);
    }

    @Test
    void mutatedConnectionIdsHavePartsOrAreMalformed() {
        Mutations.of(FrameFuzzTest.class, "connectionId", this::connectionId);
    }
}
