package dev.telepath.dns;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * A domain name as it is in messages: labels of any bytes, each with its length in front, and an empty one at the end. Equal without
 * regard to the case of ASCII letters, which it keeps. Immutable.
 */
public final class DomainName {
    static final int MOST_OF_LABEL = 63;
    /** Bytes of the longest name, its lengths among them. */
    static final int MOST = 255;

    private final byte[] wire;
    private final int hash;

    /**
     * @param wire of a name that is well-formed; not changed afterwards
     */
    public DomainName(byte[] wire) {
        this.wire = wire;
        int sum = 1;
        for (byte one : wire) {
            sum = 31 * sum + lower(one);
        }
        this.hash = sum;
    }

    /**
     * Of text, with dots between labels and with the last dot or without.
     *
     * @return empty when it is no name: an empty or a long label, long itself, or other characters than ASCII
     */
    public static Optional<DomainName> of(String text) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        var wire = new ByteArrayOutputStream();
        if (!name.isEmpty()) {
            for (String label : name.split("\\.", -1)) {
                boolean ascii = label.chars().allMatch(one -> one < 0x80);
                if (!ascii || label.isEmpty() || label.length() > MOST_OF_LABEL) {
                    return Optional.empty();
                }
                wire.write(label.length());
                wire.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
            }
        }
        wire.write(0);
        return wire.size() <= MOST ? Optional.of(new DomainName(wire.toByteArray())) : Optional.empty();
    }

    /** Bytes of it in a message, uncompressed. */
    public int length() {
        return wire.length;
    }

    /** As it is in a message, uncompressed. */
    public byte[] wire() {
        return wire.clone();
    }

    public boolean isRoot() {
        return wire.length == 1;
    }

    /** Whether it is that name or ends in its labels. */
    public boolean isUnder(DomainName zone) {
        int from = wire.length - zone.wire.length;
        int at = 0;
        while (at < from) {
            at += wire[at] + 1;
        }
        return at == from && new DomainName(Arrays.copyOfRange(wire, at, wire.length)).equals(zone);
    }

    /**
     * In lower case without the last dot; the root is empty.
     *
     * @return empty where it has other bytes than visible ASCII in its labels, or dots: no host of a cluster is named so
     */
    public Optional<String> plain() {
        var text = new StringBuilder();
        for (int at = 0; wire[at] != 0; at += wire[at] + 1) {
            for (int i = at + 1; i <= at + wire[at]; i++) {
                if (wire[i] <= ' ' || wire[i] == '.' || wire[i] == '\\' || wire[i] == 0x7f) {
                    return Optional.empty();
                }
            }
            text.append(at == 0 ? "" : ".").append(new String(wire, at + 1, wire[at], StandardCharsets.US_ASCII));
        }
        return Optional.of(text.toString().toLowerCase(Locale.ROOT));
    }

    static int lower(byte one) {
        return one >= 'A' && one <= 'Z' ? one + 32 : one;
    }

    @Override
    public boolean equals(Object other) {
        // The lengths are no letters: at most 63.
        return other instanceof DomainName name && name.wire.length == wire.length && sameBytes(name.wire);
    }

    private boolean sameBytes(byte[] other) {
        for (int i = 0; i < wire.length; i++) {
            if (lower(wire[i]) != lower(other[i])) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return plain().map(text -> text + ".").orElseGet(() -> "(" + new String(wire, StandardCharsets.US_ASCII) + ")");
    }
}
