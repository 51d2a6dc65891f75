package dev.telepath.manager.dns;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Resource records as peers pack them: one after the other, names uncompressed. Pure. */
final class ResourceRecords {
    static final int A = 1;
    static final int AAAA = 28;
    private static final int CLASS_IN = 1;
    private static final int MAX_LABEL = 63;
    private static final int POINTER = 0xc0;

    private ResourceRecords() {}

    /**
     * The address records of a name.
     *
     * @param name fully qualified, with or without the last dot; labels up to 63 bytes
     */
    static ByteString pack(String name, Duration ttl, List<InetAddress> addresses) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            for (InetAddress address : addresses) {
                byte[] data = address.getAddress();
                writeName(out, name);
                out.writeShort(data.length == 4 ? A : AAAA);
                out.writeShort(CLASS_IN);
                out.writeInt((int) Math.clamp(ttl.toSeconds(), 0, Integer.MAX_VALUE));
                out.writeShort(data.length);
                out.write(data);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory cannot fail", e);
        }
        return ByteString.copyFrom(bytes.toByteArray());
    }

    private static void writeName(DataOutputStream out, String name) throws IOException {
        for (String label : name.split("\\.", 0)) {
            byte[] bytes = label.getBytes(StandardCharsets.UTF_8);
            if (bytes.length == 0 || bytes.length > MAX_LABEL) {
                throw new IllegalArgumentException("a label of a DNS name has 1 to 63 bytes");
            }
            out.writeByte(bytes.length);
            out.write(bytes);
        }
        out.writeByte(0);
    }

    /** The addresses among packed records; reading stops at the first record that is malformed. */
    static List<ByteString> addresses(ByteString packed) {
        var found = new ArrayList<ByteString>();
        ByteBuffer in = packed.asReadOnlyByteBuffer();
        while (in.hasRemaining() && skipName(in) && in.remaining() >= 10) {
            int type = Short.toUnsignedInt(in.getShort());
            in.position(in.position() + 6);
            int length = Short.toUnsignedInt(in.getShort());
            if (length > in.remaining()) {
                break;
            }
            byte[] data = new byte[length];
            in.get(data);
            if ((type == A && length == 4) || (type == AAAA && length == 16)) {
                found.add(ByteString.copyFrom(data));
            }
        }
        return found;
    }

    private static boolean skipName(ByteBuffer in) {
        while (in.hasRemaining()) {
            int length = Byte.toUnsignedInt(in.get());
            if (length == 0) {
                return true;
            }
            if ((length & POINTER) == POINTER) {
                if (!in.hasRemaining()) {
                    return false;
                }
                in.get();
                return true;
            }
            if (length > MAX_LABEL || length > in.remaining()) {
                return false;
            }
            in.position(in.position() + length);
        }
        return false;
    }

    static InetAddress address(byte[] raw) {
        try {
            return InetAddress.getByAddress(raw);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
        }
    }
}
