package dev.telepath.tunnel.stream;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;

/**
 * Messages of {@code Tunnel} read with one copy of their data: the payload is a view of the bytes that were read,
 * where the generated marshaller copies them once more. The same bytes on the wire. Thread-safe.
 */
public final class TunnelMessages implements MethodDescriptor.Marshaller<TunnelMessage> {
    private final MethodDescriptor.Marshaller<TunnelMessage> generated;

    private TunnelMessages(MethodDescriptor.Marshaller<TunnelMessage> generated) {
        this.generated = generated;
    }

    /** The method with its messages read by this class. */
    public static MethodDescriptor<TunnelMessage, TunnelMessage> in(
            MethodDescriptor<TunnelMessage, TunnelMessage> method) {
        var messages = new TunnelMessages(method.getRequestMarshaller());
        return method.toBuilder(messages, messages).build();
    }

    @Override
    public InputStream stream(TunnelMessage message) {
        return generated.stream(message);
    }

    /**
     * Reads one message.
     *
     * @throws io.grpc.StatusRuntimeException INTERNAL when the bytes are no message or cannot be read
     */
    @Override
    public TunnelMessage parse(InputStream stream) {
        try {
            CodedInputStream in = UnsafeByteOperations.unsafeWrap(all(stream)).newCodedInput();
            in.enableAliasing(true);
            TunnelMessage message = TunnelMessage.parser().parseFrom(in);
            in.checkLastTagWas(0);
            return message;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static byte[] all(InputStream stream) throws IOException {
        return stream instanceof KnownLength ? stream.readNBytes(stream.available()) : stream.readAllBytes();
    }

    private static RuntimeException unreadable(IOException cause) {
        return Status.INTERNAL
                .withDescription("a message of the stream cannot be read: " + cause.getMessage())
                .withCause(cause)
                .asRuntimeException();
    }
}
