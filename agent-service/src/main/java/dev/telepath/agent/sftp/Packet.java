package dev.telepath.agent.sftp;

import dev.telepath.agent.sftp.Refusal.Status;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** One packet that a client sent, read field by field. Never reads beyond its end. Confined to one thread. */
final class Packet {
    /** Most bytes of a packet without its length field. */
    static final int MOST_BYTES = 256 * 1024;

    private final int type;
    private final ByteBuffer rest;

    private Packet(int type, ByteBuffer rest) {
        this.type = type;
        this.rest = rest;
    }

    /**
     * Reads the next packet.
     *
     * @return empty at the end of the stream
     * @throws IOException when the stream ends inside a packet, or what comes is none
     */
    static Optional<Packet> read(DataInputStream in) throws IOException {
        int first = in.read();
        if (first < 0) {
            return Optional.empty();
        }
        byte[] more = whole(in, 3);
        int length = first << 24 | (more[0] & 0xff) << 16 | (more[1] & 0xff) << 8 | (more[2] & 0xff);
        if (length < 1 || length > MOST_BYTES) {
            throw new IOException(
                    "a packet of " + Integer.toUnsignedString(length) + " bytes (1 to " + MOST_BYTES + ")");
        }
        // What was announced is not allocated before it is there.
        byte[] body = whole(in, length);
        return Optional.of(new Packet(body[0] & 0xff, ByteBuffer.wrap(body, 1, length - 1)));
    }

    private static byte[] whole(DataInputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the stream ended inside a packet");
        }
        return bytes;
    }

    int type() {
        return type;
    }

    int number() throws Refusal {
        need(Integer.BYTES);
        return rest.getInt();
    }

    long bigNumber() throws Refusal {
        need(Long.BYTES);
        return rest.getLong();
    }

    byte[] bytes() throws Refusal {
        int length = number();
        need(length);
        byte[] bytes = new byte[length];
        rest.get(bytes);
        return bytes;
    }

    String text() throws Refusal {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    private void need(int bytes) throws Refusal {
        if (bytes < 0 || rest.remaining() < bytes) {
            throw new Refusal(Status.BAD_MESSAGE, "the packet is too short for what it should hold");
        }
    }
}
