package dev.telepath.tunnel.transport;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a manager listens.
 *
 * @param plaintext true for the clear-text port of Telepresence peers ({@code http://}), false for TLS
 */
public record ManagerAddress(String host, int port, boolean plaintext) {
    /** A name, or an address of IPv4. */
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}._-]+");
    /** An address of IPv6, with the zone of a link. */
    private static final Pattern V6 = Pattern.compile("(?=.*:)[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?");

    /** The port of our managers when an address names none. */
    public static final int DEFAULT_PORT = 8443;
    /** The port of Telepresence managers. */
    public static final int LEGACY_PORT = 8081;

    /**
     * Reads {@code host}, {@code host:port}, {@code [v6]:port}, {@code https://host:port} or {@code http://host:port}.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    public static ManagerAddress parse(String text) {
        String rest = text.strip();
        boolean plaintext = rest.startsWith("http://");
        if (plaintext) {
            rest = rest.substring("http://".length());
        } else if (rest.startsWith("https://")) {
            rest = rest.substring("https://".length());
        }
        if (rest.endsWith("/")) {
            rest = rest.substring(0, rest.length() - 1);
        }
        int port = plaintext ? LEGACY_PORT : DEFAULT_PORT;
        int colon = rest.lastIndexOf(':');
        if (colon >= 0 && colon > rest.lastIndexOf(']') && rest.indexOf(':') == colon || rest.contains("]:")) {
            try {
                port = Integer.parseInt(rest.substring(colon + 1));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("'" + text + "' has no port number after the colon", e);
            }
            rest = rest.substring(0, colon);
        }
        if (rest.startsWith("[") && rest.endsWith("]")) {
            rest = rest.substring(1, rest.length() - 1);
        }
        if (!NAME.matcher(rest).matches() && !V6.matcher(rest).matches()) {
            throw new IllegalArgumentException("'" + text + "' is no manager address, expected host:port");
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is out of range (1 to 65535)");
        }
        return new ManagerAddress(rest, port, plaintext);
    }

    @Override
    public String toString() {
        String where = host.contains(":") ? "[" + host + "]" : host;
        return (plaintext ? "http://" : "https://") + where + ":" + port;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ManagerAddress that
                && port == that.port
                && plaintext == that.plaintext
                && host.equals(that.host);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * host.hashCode() + port) + Boolean.hashCode(plaintext);
    }
}
