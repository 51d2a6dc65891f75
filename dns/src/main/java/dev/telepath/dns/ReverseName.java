package dev.telepath.dns;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** Names that stand for addresses. Pure. */
public final class ReverseName {
    private static final String V4 = ".in-addr.arpa";
    private static final String V6 = ".ip6.arpa";

    private ReverseName() {}

    /** The address of a name in lower case without the last dot; empty when it is none, or stands for a network. */
    public static Optional<InetAddress> address(String name) {
        byte[] bytes = name.endsWith(V4)
                ? v4(name.substring(0, name.length() - V4.length()).split("\\.", -1))
                : name.endsWith(V6)
                        ? v6(name.substring(0, name.length() - V6.length()).split("\\.", -1))
                        : new byte[0];
        try {
            return bytes.length == 0 ? Optional.empty() : Optional.of(InetAddress.getByAddress(bytes));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    private static byte[] v4(String[] labels) {
        byte[] bytes = new byte[4];
        for (int i = 0; i < 4 && labels.length == 4; i++) {
            if (!labels[3 - i].matches("0|[1-9][0-9]{0,2}") || Integer.parseInt(labels[3 - i]) > 255) {
                return new byte[0];
            }
            bytes[i] = (byte) Integer.parseInt(labels[3 - i]);
        }
        return labels.length == 4 ? bytes : new byte[0];
    }

    private static byte[] v6(String[] labels) {
        byte[] bytes = new byte[16];
        for (int i = 0; i < 32 && labels.length == 32; i++) {
            String label = labels[31 - i];
            int digit = label.length() == 1 ? Character.digit(label.charAt(0), 16) : -1;
            if (digit < 0) {
                return new byte[0];
            }
            bytes[i / 2] |= (byte) (i % 2 == 0 ? digit << 4 : digit);
        }
        return labels.length == 32 ? bytes : new byte[0];
    }

    /** The name of an address, in lower case without the last dot. */
    public static String of(InetAddress address) {
        byte[] bytes = address.getAddress();
        var name = new StringBuilder();
        for (int i = bytes.length - 1; i >= 0; i--) {
            int one = bytes[i] & 0xff;
            if (bytes.length == 4) {
                name.append(i == 3 ? "" : ".").append(one);
            } else {
                name.append(i == 15 ? "" : ".").append(Character.forDigit(one & 0xf, 16));
                name.append('.').append(Character.forDigit(one >> 4, 16));
            }
        }
        return name + (bytes.length == 4 ? V4 : V6);
    }
}
