package dev.telepath.tunnel.bridge;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * Messages read with one copy of their data: byte fields are views of the bytes that were read, where the generated
 * marshaller copies them once more. The same bytes on the wire. Thread-safe.
 */
public final class ViewMarshaller<T extends MessageLite> implements MethodDescriptor.Marshaller<T> {
    private final MethodDescriptor.Marshaller<T> generated;
    private final Parser<T> parser;

    private ViewMarshaller(MethodDescriptor.Marshaller<T> generated, Parser<T> parser) {
        this.generated = generated;
        this.parser = parser;
    }

    /** The method with its messages read by this class. */
    public static <T extends MessageLite> MethodDescriptor<T, T> in(MethodDescriptor<T, T> method, Parser<T> parser) {
        var messages = new ViewMarshaller<>(method.getRequestMarshaller(), parser);
        return method.toBuilder(messages, messages).build();
    }

    @Override
    public InputStream stream(T message) {
        return generated.stream(message);
    }

    /**
     * Reads one message.
     *
     * @throws io.grpc.StatusRuntimeException INTERNAL when the bytes are no message or cannot be read
     */
    @Override
    public T parse(InputStream stream) {
        try {
            return read(UnsafeByteOperations.unsafeWrap(all(stream)), parser);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /**
     * Reads one message whose byte fields are views of those bytes.
     *
     * @throws io.grpc.StatusRuntimeException INTERNAL when the bytes are no message
     */
    public static <T extends MessageLite> T read(ByteString bytes, Parser<T> parser) {
        try {
            CodedInputStream in = bytes.newCodedInput();
            in.enableAliasing(true);
            T message = parser.parseFrom(in);
            in.checkLastTagWas(0);
            return message;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private static byte[] all(InputStream stream) throws IOException {
        if (!(stream instanceof KnownLength)) {
            return stream.readAllBytes();
        }
        // Into one array: readNBytes(int) puts together pieces.
        byte[] bytes = new byte[stream.available()];
        if (stream.readNBytes(bytes, 0, bytes.length) < bytes.length) {
            throw new EOFException("it ended early");
        }
        return bytes;
    }

    private static RuntimeException unreadable(IOException cause) {
        return Status.INTERNAL
                .withDescription("a message of the stream cannot be read: " + cause.getMessage())
                .withCause(cause)
                .asRuntimeException();
    }
}
