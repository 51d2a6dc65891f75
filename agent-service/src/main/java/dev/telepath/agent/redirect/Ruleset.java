package dev.telepath.agent.redirect;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One transaction of nf_tables: a table of our own with all rules, in place of what it held before. Numbers are those of
 * {@code linux/netfilter/nf_tables.h}. Pure.
 */
final class Ruleset {
    private static final String TABLE = "telepath";
    private static final String CHAIN = "prerouting";
    private static final int SIZE = 64 * 1024;

    private static final int BATCH_BEGIN = 16;
    private static final int BATCH_END = 17;
    private static final int SUBSYSTEM = 10;
    private static final int NEW_TABLE = 0;
    private static final int DEL_TABLE = 2;
    private static final int NEW_CHAIN = 3;
    private static final int NEW_RULE = 6;

    private static final int REQUEST = 0x1;
    private static final int ACK = 0x4;
    private static final int CREATE = 0x400;
    private static final int APPEND = 0x800;
    private static final int NESTED = 0x8000;

    /** IPv4 and IPv6 together. */
    private static final int FAMILY_INET = 1;

    private static final int REGISTER = 1;
    private static final int PRIORITY_DSTNAT = -100;
    private static final int ACCEPT = 1;
    private static final int META_L4PROTO = 16;
    private static final int TRANSPORT_HEADER = 2;
    private static final int PORT_SPECIFIED = 2;

    private final ByteBuffer out = ByteBuffer.allocate(SIZE).order(ByteOrder.nativeOrder());
    private int sequence;

    private Ruleset() {}

    /** The bytes to send, at most 64 KiB. */
    static byte[] of(List<Redirect> redirects) {
        var rules = new Ruleset();
        rules.message(BATCH_BEGIN, REQUEST, 0, SUBSYSTEM, () -> {});
        // Made, so that it can be deleted, so that a second run leaves nothing of the first.
        rules.table(NEW_TABLE, CREATE);
        rules.table(DEL_TABLE, 0);
        rules.table(NEW_TABLE, CREATE);
        rules.chain();
        redirects.forEach(rules::rule);
        rules.message(BATCH_END, REQUEST, 0, SUBSYSTEM, () -> {});
        byte[] bytes = new byte[rules.out.position()];
        rules.out.flip().get(bytes);
        return bytes;
    }

    private void table(int type, int flags) {
        tables(type, flags, () -> string(1, TABLE));
    }

    private void chain() {
        tables(NEW_CHAIN, CREATE, () -> {
            string(1, TABLE);
            string(3, CHAIN);
            nested(4, () -> {
                number(1, 0);
                number(2, PRIORITY_DSTNAT);
            });
            number(5, ACCEPT);
            string(7, "nat");
        });
    }

    private void rule(Redirect redirect) {
        tables(NEW_RULE, CREATE | APPEND, () -> {
            string(1, TABLE);
            string(2, CHAIN);
            nested(4, () -> {
                expression("meta", () -> {
                    number(1, REGISTER);
                    number(2, META_L4PROTO);
                });
                compare(new byte[] {(byte) (redirect.udp() ? 17 : 6)});
                expression("payload", () -> {
                    number(1, REGISTER);
                    number(2, TRANSPORT_HEADER);
                    number(3, 2);
                    number(4, 2);
                });
                compare(port(redirect.from()));
                expression("immediate", () -> {
                    number(1, REGISTER);
                    nested(2, () -> bytes(1, port(redirect.to())));
                });
                expression("redir", () -> {
                    number(1, REGISTER);
                    number(3, PORT_SPECIFIED);
                });
            });
        });
    }

    private void compare(byte[] with) {
        expression("cmp", () -> {
            number(1, REGISTER);
            number(2, 0);
            nested(3, () -> bytes(1, with));
        });
    }

    private void expression(String name, Runnable data) {
        nested(1, () -> {
            string(1, name);
            nested(2, data);
        });
    }

    private void tables(int type, int flags, Runnable attributes) {
        message((SUBSYSTEM << 8) | type, REQUEST | ACK | flags, FAMILY_INET, 0, attributes);
    }

    private void message(int type, int flags, int family, int resource, Runnable attributes) {
        int start = out.position();
        out.putInt(0)
                .putShort((short) type)
                .putShort((short) flags)
                .putInt(sequence++)
                .putInt(0);
        out.put((byte) family).put((byte) 0).put((byte) (resource >> 8)).put((byte) resource);
        attributes.run();
        out.putInt(start, out.position() - start);
    }

    private void nested(int type, Runnable content) {
        int start = out.position();
        out.putShort((short) 0).putShort((short) (type | NESTED));
        content.run();
        out.putShort(start, (short) (out.position() - start));
    }

    private void bytes(int type, byte[] value) {
        out.putShort((short) (4 + value.length)).putShort((short) type).put(value);
        while (out.position() % 4 != 0) {
            out.put((byte) 0);
        }
    }

    private void string(int type, String value) {
        bytes(type, (value + "\0").getBytes(StandardCharsets.US_ASCII));
    }

    private void number(int type, int value) {
        bytes(type, ByteBuffer.allocate(4).putInt(value).array());
    }

    private static byte[] port(int port) {
        return new byte[] {(byte) (port >> 8), (byte) port};
    }
}
