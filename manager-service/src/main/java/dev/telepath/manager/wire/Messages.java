package dev.telepath.manager.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.telepath.tunnel.bridge.ViewMarshaller;
import dev.telepath.tunnel.frame.Blocks;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.Flow;

/** Messages from and to the chunks of a call. */
public final class Messages {
    private Messages() {}

    /** The messages in some chunks, for one subscriber; one chunk at a time is asked for. */
    public static <T extends MessageLite> Flow.Publisher<T> in(Flow.Publisher<Buffer> chunks, Parser<T> parser) {
        return subscriber -> chunks.subscribe(new MessageFlow<>(subscriber, parser));
    }

    /**
     * One chunk for each message.
     *
     * @param blocks what large ones are written into
     */
    public static <T extends MessageLite> Flow.Publisher<Buffer> out(Flow.Publisher<T> messages, Blocks blocks) {
        return subscriber -> messages.subscribe(new Flow.Subscriber<T>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscriber.onSubscribe(subscription);
            }

            @Override
            public void onNext(T message) {
                subscriber.onNext(chunk(message, blocks));
            }

            @Override
            public void onError(Throwable cause) {
                subscriber.onError(cause);
            }

            @Override
            public void onComplete() {
                subscriber.onComplete();
            }
        });
    }

    /** A message behind its prefix. */
    public static Buffer chunk(MessageLite message) {
        int size = message.getSerializedSize();
        return Buffer.buffer(Unpooled.wrappedBuffer(written(message, size, new byte[MessagePrefix.size() + size])));
    }

    private static Buffer chunk(MessageLite message, Blocks blocks) {
        int size = message.getSerializedSize();
        int length = MessagePrefix.size() + size;
        return Buffer.buffer(blocks.write(written(message, size, blocks.array(length)), length));
    }

    private static byte[] written(MessageLite message, int size, byte[] bytes) {
        MessagePrefix.put(bytes, size);
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(bytes, MessagePrefix.size(), size);
            message.writeTo(out);
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new UncheckedIOException("a message does not have the size it says", e);
        }
        return bytes;
    }

    /**
     * Reads a message whose byte fields are views.
     *
     * @throws io.grpc.StatusRuntimeException INTERNAL when the bytes are none
     */
    public static <T extends MessageLite> T read(ByteString bytes, Parser<T> parser) {
        return ViewMarshaller.read(bytes, parser);
    }
}
