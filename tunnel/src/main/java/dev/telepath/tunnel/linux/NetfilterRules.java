package dev.telepath.tunnel.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A transaction of nf_tables: one table with one chain of rules, in place of what a table of that name held before. All of it
 * holds, or nothing. Numbers are those of {@code linux/netfilter/nf_tables.h}. Pure; one thread.
 */
public final class NetfilterRules {
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

    private static final int PRIORITY_DSTNAT = -100;
    private static final int ACCEPT = 1;
    private static final int REGISTER = 1;
    private static final int EQUAL = 0;
    private static final int NOT_EQUAL = 1;
    private static final int PORT_SPECIFIED = 2;
    private static final int OWNED = 2;

    private final ByteBuffer out = ByteBuffer.allocate(SIZE).order(ByteOrder.nativeOrder());
    private final String table;
    private final String chain;
    private int sequence;

    /** Where packets are seen. */
    public enum Hook {
        /** Those that come in, before they are routed. */
        PREROUTING(0),
        /** Those that programs of this machine send. */
        OUTPUT(3);

        private final int number;

        Hook(int number) {
            this.number = number;
        }
    }

    /** What of a packet a rule looks at. */
    public enum Field {
        /** One byte: 4 or 6 of the family as the kernel numbers it (2, 10). */
        FAMILY,
        /** One byte: 6 = TCP, 17 = UDP. */
        PROTOCOL,
        DESTINATION_PORT,
        IPV4_DESTINATION,
        IPV6_DESTINATION,
        /** One byte of IPv4, DSCP and ECN. */
        IPV4_TOS,
        /** The first two bytes of IPv6, with the traffic class in their middle. */
        IPV6_CLASS
    }

    private NetfilterRules(String table, String chain) {
        this.table = table;
        this.chain = chain;
    }

    /** Begins a table whose chain changes destinations. */
    public static NetfilterRules nat(String table, Hook hook, boolean owned) {
        var rules = new NetfilterRules(table, hook.name().toLowerCase(java.util.Locale.ROOT));
        rules.message(BATCH_BEGIN, REQUEST, 0, SUBSYSTEM, () -> {});
        // Made, so that it can be deleted, so that a second run leaves nothing of the first.
        rules.table(NEW_TABLE, CREATE, owned);
        rules.table(DEL_TABLE, 0, false);
        rules.table(NEW_TABLE, CREATE, owned);
        rules.chain(hook);
        return rules;
    }

    /**
     * The transaction that takes a table away.
     *
     * @param table that is there; else all of it is refused
     */
    public static byte[] without(String table) {
        var rules = new NetfilterRules(table, "");
        rules.message(BATCH_BEGIN, REQUEST, 0, SUBSYSTEM, () -> {});
        rules.table(DEL_TABLE, 0, false);
        return rules.finish();
    }

    /**
     * Ends it.
     *
     * @return the bytes to send, at most 64 KiB
     */
    public byte[] finish() {
        message(BATCH_END, REQUEST, 0, SUBSYSTEM, () -> {});
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    /**
     * @param owned whether the kernel takes it away when the socket that it came by is closed (Linux 5.12)
     */
    private void table(int type, int flags, boolean owned) {
        tables(type, flags, () -> {
            string(1, table);
            if (owned) {
                number(2, OWNED);
            }
        });
    }

    private void chain(Hook hook) {
        tables(NEW_CHAIN, CREATE, () -> {
            string(1, table);
            string(3, chain);
            nested(4, () -> {
                number(1, hook.number);
                number(2, PRIORITY_DSTNAT);
            });
            number(5, ACCEPT);
            string(7, "nat");
        });
    }

    /** Adds a rule; what its condition adds comes before the redirect. */
    public NetfilterRules redirect(Runnable conditions, int port) {
        tables(NEW_RULE, CREATE | APPEND, () -> {
            string(1, table);
            string(2, chain);
            nested(4, () -> {
                conditions.run();
                expression("immediate", () -> {
                    number(1, REGISTER);
                    nested(2, () -> bytes(1, port(port)));
                });
                expression("redir", () -> {
                    number(1, REGISTER);
                    number(3, PORT_SPECIFIED);
                });
            });
        });
        return this;
    }

    /** Part of a condition: a field has a value. */
    public void is(Field field, byte... value) {
        load(field);
        compare(EQUAL, value);
    }

    /**
     * Part of a condition: some bits of a field have not these values.
     *
     * @param mask as long as the value
     */
    public void isNot(Field field, byte[] mask, byte[] value) {
        load(field);
        expression("bitwise", () -> {
            number(1, REGISTER);
            number(2, REGISTER);
            number(3, mask.length);
            nested(4, () -> bytes(1, mask));
            nested(5, () -> bytes(1, new byte[mask.length]));
        });
        compare(NOT_EQUAL, value);
    }

    private void load(Field field) {
        switch (field) {
            case FAMILY -> meta(15);
            case PROTOCOL -> meta(16);
            case DESTINATION_PORT -> payload(2, 2, 2);
            case IPV4_DESTINATION -> payload(1, 16, 4);
            case IPV6_DESTINATION -> payload(1, 24, 16);
            case IPV4_TOS -> payload(1, 1, 1);
            case IPV6_CLASS -> payload(1, 0, 2);
        }
    }

    private void meta(int key) {
        expression("meta", () -> {
            number(1, REGISTER);
            number(2, key);
        });
    }

    private void payload(int base, int offset, int length) {
        expression("payload", () -> {
            number(1, REGISTER);
            number(2, base);
            number(3, offset);
            number(4, length);
        });
    }

    private void compare(int how, byte[] with) {
        expression("cmp", () -> {
            number(1, REGISTER);
            number(2, how);
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

    /** A port as packets have it. */
    public static byte[] port(int port) {
        return new byte[] {(byte) (port >> 8), (byte) port};
    }
}
