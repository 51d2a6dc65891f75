package dev.telepath.client.control;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Lines over a blocking socket, bounded in length. One reader and any number of writers. */
public final class LineChannel implements AutoCloseable {
    private final SocketChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(8192).limit(0);

    public LineChannel(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Reads a line. Blocks.
     *
     * @return without its end; null at the end of the input
     * @throws Failure when it is longer than {@link Wire#MAX_LINE}
     */
    @Nullable
    public String read() throws IOException {
        var line = new ByteArrayOutputStream();
        while (true) {
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next == '\n') {
                    return line.toString(StandardCharsets.UTF_8);
                }
                if (line.size() >= Wire.MAX_LINE) {
                    throw new Failure(
                            Kind.USAGE, "a line is longer than " + Wire.MAX_LINE + " bytes", "send shorter requests");
                }
                line.write(next);
            }
            buffer.clear();
            int read = channel.read(buffer);
            buffer.flip();
            if (read < 0) {
                return null;
            }
        }
    }

    /** Writes a line whole. Blocks. */
    public synchronized void write(byte[] line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(line);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            org.jboss.logging.Logger.getLogger(LineChannel.class).debugf("close failed cause=\"%s\"", e.getMessage());
        }
    }
}
