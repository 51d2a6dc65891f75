package dev.telepath.tunnel.bridge;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import dev.telepath.tunnel.frame.Blocks;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Messages read with one copy of their data: byte fields are views of the bytes that were read, where the generated
 * marshaller copies them once more. The same bytes on the wire. Thread-safe.
 */
public final class ViewMarshaller<T extends MessageLite> implements MethodDescriptor.Marshaller<T> {
    private final MethodDescriptor.Marshaller<T> generated;
    private final Parser<T> parser;
    private final @Nullable Blocks blocks;

    private ViewMarshaller(MethodDescriptor.Marshaller<T> generated, Parser<T> parser, @Nullable Blocks blocks) {
        this.generated = generated;
        this.parser = parser;
        this.blocks = blocks;
    }

    /** The method with its messages read by this class. */
    public static <T extends MessageLite> MethodDescriptor<T, T> in(MethodDescriptor<T, T> method, Parser<T> parser) {
        return in(method, parser, null);
    }

    /**
     * The same.
     *
     * @param blocks what large messages are read into: whoever looks at such a message last may give its block back; null: arrays of
     *     their own
     */
    public static <T extends MessageLite> MethodDescriptor<T, T> in(
            MethodDescriptor<T, T> method, Parser<T> parser, @Nullable Blocks blocks) {
        var messages = new ViewMarshaller<>(method.getRequestMarshaller(), parser, blocks);
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
            return read(all(stream), parser);
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

    private ByteString all(InputStream stream) throws IOException {
        if (!(stream instanceof KnownLength)) {
            return UnsafeByteOperations.unsafeWrap(stream.readAllBytes());
        }
        // Into one array: readNBytes(int) puts together pieces.
        int length = stream.available();
        byte[] bytes = blocks == null ? new byte[length] : blocks.array(length);
        if (stream.readNBytes(bytes, 0, length) < length) {
            throw new EOFException("it ended early");
        }
        return UnsafeByteOperations.unsafeWrap(bytes, 0, length);
    }

    private static RuntimeException unreadable(IOException cause) {
        return Status.INTERNAL
                .withDescription("a message of the stream cannot be read: " + cause.getMessage())
                .withCause(cause)
                .asRuntimeException();
    }
}
