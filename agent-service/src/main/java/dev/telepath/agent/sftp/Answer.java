package dev.telepath.agent.sftp;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A packet on its way to the client, put together field by field. Confined to one thread. */
final class Answer {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream fields = new DataOutputStream(bytes);

    Answer(int type) throws IOException {
        fields.writeByte(type);
    }

    /** The answer to a request of that id. */
    static Answer to(int id, int type) throws IOException {
        return new Answer(type).number(id);
    }

    static Answer status(int id, Refusal.Status status, String message) throws IOException {
        return to(id, Code.STATUS).number(status.code()).text(message).text("en");
    }

    Answer number(int value) throws IOException {
        fields.writeInt(value);
        return this;
    }

    Answer text(String value) throws IOException {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    Answer bytes(byte[] value) throws IOException {
        return bytes(value, value.length);
    }

    /** The first so many of the bytes. */
    Answer bytes(byte[] value, int length) throws IOException {
        fields.writeInt(length);
        fields.write(value, 0, length);
        return this;
    }

    Answer attributes(Attributes attributes) throws IOException {
        attributes.write(fields);
        return this;
    }

    int size() {
        return bytes.size();
    }

    void write(OutputStream out) throws IOException {
        int length = bytes.size();
        out.write(new byte[] {(byte) (length >>> 24), (byte) (length >>> 16), (byte) (length >>> 8), (byte) length});
        bytes.writeTo(out);
    }
}
