package dev.telepath.manager.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Takes the messages of a call out of its chunks. A message that lies in one chunk is a view of it; one that does not is
 * gathered as it comes, so that nothing is reserved for what a prefix only promises. Not thread-safe.
 */
public final class MessageReader {
    private final MessagePrefix prefix = new MessagePrefix();
    private @Nullable Buffer chunk;
    private @Nullable ByteArrayOutputStream partial;
    private int at;
    private int length = -1;

    /** Gives it the next chunk, once {@link #next} has returned null. */
    public void add(Buffer next) {
        if (chunk != null) {
            throw new IllegalStateException("the chunk before is not read yet");
        }
        chunk = next;
        at = 0;
    }

    /**
     * The next message without its prefix.
     *
     * @return null when another chunk is needed
     * @throws io.grpc.StatusRuntimeException UNIMPLEMENTED when it is compressed, RESOURCE_EXHAUSTED when it is longer than
     *     4 MiB
     */
    public @Nullable ByteString next() {
        Buffer from = chunk;
        if (from == null) {
            return null;
        }
        if (length < 0) {
            at = prefix.take(from, at);
            if (!prefix.whole()) {
                chunk = null;
                return null;
            }
            length = prefix.finish();
        }
        ByteArrayOutputStream before = partial;
        int missing = before == null ? length : length - before.size();
        int there = Math.min(missing, from.length() - at);
        ByteString found = view(from, at, there);
        at += there;
        if (there < missing) {
            partial = gather(before, found);
            chunk = null;
            return null;
        }
        if (before != null) {
            found = UnsafeByteOperations.unsafeWrap(gather(before, found).toByteArray());
            partial = null;
        }
        length = -1;
        return found;
    }

    /** Bytes of the last chunk that no message was made of yet. */
    int unread() {
        return chunk == null ? 0 : chunk.length() - at;
    }

    /** What of the last chunk is behind the last message. The reader is of no use after that. */
    public Buffer rest() {
        Buffer from = chunk;
        return from == null ? Buffer.buffer() : from.slice(at, from.length());
    }

    private static ByteArrayOutputStream gather(@Nullable ByteArrayOutputStream before, ByteString more) {
        var gathered = before == null ? new ByteArrayOutputStream() : before;
        gathered.writeBytes(more.toByteArray());
        return gathered;
    }

    /** The server's chunks are on the heap and nobody's but the receiver's. */
    private static ByteString view(Buffer from, int start, int length) {
        ByteBuf bytes = from.getByteBuf();
        return bytes.hasArray()
                ? UnsafeByteOperations.unsafeWrap(
                        bytes.array(), bytes.arrayOffset() + bytes.readerIndex() + start, length)
                : ByteString.copyFrom(from.getBytes(start, start + length));
    }
}
