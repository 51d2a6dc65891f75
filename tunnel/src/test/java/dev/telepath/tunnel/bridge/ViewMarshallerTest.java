package dev.telepath.tunnel.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ViewMarshallerTest {
    private static final int GRPC_PREFIX = 5;

    private final MethodDescriptor<TunnelMessage, TunnelMessage> generated = ManagerGrpc.getTunnelMethod();
    private final MethodDescriptor<TunnelMessage, TunnelMessage> ours =
            ViewMarshaller.in(generated, TunnelMessage.parser());

    @Test
    void theBytesOnTheWireAreThoseOfTheGeneratedMarshaller() throws IOException {
        for (int size : new int[] {0, 1, 127, 128, 4096, FrameCodec.MAX_DATA, 100_000}) {
            byte[] bytes = new byte[size];
            new Random(size).nextBytes(bytes);
            var data = new Frame.Data(ByteString.copyFrom(bytes));

            byte[] wire = ours.streamRequest(FrameCodec.encode(data)).readAllBytes();

            assertArrayEquals(
                    TunnelMessage.newBuilder()
                            .setPayload(ByteString.copyFrom(new byte[] {0}).concat(data.bytes()))
                            .build()
                            .toByteArray(),
                    wire);
            assertEquals(data, FrameCodec.decode(ours.parseResponse(new ByteArrayInputStream(wire))));
            assertEquals(
                    generated.parseRequest(new ByteArrayInputStream(wire)),
                    ours.parseRequest(ours.streamRequest(FrameCodec.encode(data))));
        }
    }

    @Test
    void aFullFrameFillsTwoHttpFramesExactly() {
        var full = new Frame.Data(ByteString.copyFrom(new byte[FrameCodec.MAX_DATA]));

        assertEquals(2 * 16_384, GRPC_PREFIX + FrameCodec.encode(full).getSerializedSize());
    }

    @Test
    void bytesThatAreNoMessageEndTheCallWithAStatus() {
        byte[] cutShort = {0x0a, 0x05, 0x00};

        StatusRuntimeException refused =
                assertThrows(StatusRuntimeException.class, () -> ours.parseRequest(new ByteArrayInputStream(cutShort)));

        assertEquals(Status.Code.INTERNAL, refused.getStatus().getCode());
    }
}
