package dev.telepath.client.engagement;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;

/** Where a local process listens. */
public final class LocalTarget {
    private LocalTarget() {}

    /** Whether two names stand for one address. Looks at literals and localhost only, so that it never blocks. */
    static boolean same(String one, String other) {
        return one.equals(other) || literal(one).equals(literal(other));
    }

    private static String literal(String host) {
        String name = host.equals("localhost") || host.isEmpty() ? "127.0.0.1" : host;
        boolean numeric = name.contains(":") || name.chars().allMatch(c -> c == '.' || Character.isDigit(c));
        if (!numeric) {
            return name;
        }
        try {
            return InetAddress.getByName(name).getHostAddress();
        } catch (UnknownHostException e) {
            return name;
        }
    }

    /** Whether something accepts TCP connections there now. Blocks for at most a second. */
    public static boolean listens(String host, int port) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), (int)
                    Duration.ofSeconds(1).toMillis());
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
