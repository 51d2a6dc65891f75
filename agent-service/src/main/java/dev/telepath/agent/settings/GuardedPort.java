package dev.telepath.agent.settings;

import dev.telepath.tunnel.frame.Protocol;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One port that the agent takes in front of its workload.
 *
 * @param port how others call it, 0 to 65535; 0 is the one that the system chose to listen on
 * @param listen where the agent listens, 0 to 65535; 0 lets the system choose. In Kubernetes it differs from the port,
 *     which the workload itself has
 * @param targetHost where the workload listens: an address or a name
 * @param targetPort 1 to 65535
 * @param name as in a Kubernetes port, may be empty
 */
public record GuardedPort(int port, int listen, String targetHost, int targetPort, Protocol protocol, String name) {
    /** A port that listens under its own number. */
    public GuardedPort(int port, String targetHost, int targetPort, Protocol protocol, String name) {
        this(port, port, targetHost, targetPort, protocol, name);
    }

    private static final Pattern FORM = Pattern.compile(
            "(?<port>\\d{1,5})(?:@(?<listen>\\d{1,5}))?=(?<host>\\[[0-9a-fA-F:.]+]|[^\\[\\]:/=\\s]+):(?<target>\\d{1,5})"
                    + "(?:/(?<protocol>[A-Za-z]+))?(?::(?<name>\\S+))?");
    private static final Pattern NAME = Pattern.compile("(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    /**
     * Reads {@code PORT[@LISTEN]=HOST:TARGET[/tcp|udp][:NAME]}, e.g. {@code 8080=127.0.0.1:9090/tcp:http}.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    public static GuardedPort parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    "'" + text
                            + "' is no port to guard, expected PORT[@LISTEN]=HOST:TARGET[/tcp|udp][:NAME], e.g. 8080=127.0.0.1:9090");
        }
        int port = number(text, form.group("port"), 0);
        int listen = form.group("listen") == null ? port : number(text, form.group("listen"), 0);
        int target = number(text, form.group("target"), 1);
        String host = form.group("host");
        if (host.startsWith("[")) {
            host = host.substring(1, host.length() - 1);
        }
        String name = form.group("name") == null ? "" : form.group("name");
        if (!name.isEmpty() && !NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name + "' in '" + text
                    + "' is no port name, expected lower-case letters, digits and dashes with at least one letter");
        }
        return new GuardedPort(port, listen, host, target, protocol(text, form.group("protocol")), name);
    }

    private static int number(String text, String digits, int least) {
        int value = Integer.parseInt(digits);
        if (value < least || value > 65535) {
            throw new IllegalArgumentException(
                    "port " + value + " in '" + text + "' is out of range (" + least + " to 65535)");
        }
        return value;
    }

    private static Protocol protocol(String text, @Nullable String name) {
        return switch (name == null ? "TCP" : name.toUpperCase(Locale.ROOT)) {
            case "TCP" -> Protocol.TCP;
            case "UDP" -> Protocol.UDP;
            default ->
                throw new IllegalArgumentException(
                        "protocol '" + name + "' in '" + text + "' is unknown, expected tcp or udp");
        };
    }

    /** The same port, listening where the system let it. */
    public GuardedPort listeningOn(int actual) {
        return new GuardedPort(port == 0 ? actual : port, actual, targetHost, targetPort, protocol, name);
    }

    /** What this port is called in output and messages: its name, else its number. */
    public String key() {
        return name.isEmpty() ? Integer.toString(port) : name;
    }

    /** The form that {@link #parse} reads. */
    @Override
    public String toString() {
        String host = targetHost.contains(":") ? "[" + targetHost + "]" : targetHost;
        return port + (listen == port ? "" : "@" + listen) + "=" + host + ":" + targetPort + "/"
                + protocol.name().toLowerCase(Locale.ROOT) + (name.isEmpty() ? "" : ":" + name);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof GuardedPort that
                && port == that.port
                && listen == that.listen
                && targetPort == that.targetPort
                && protocol == that.protocol
                && targetHost.equals(that.targetHost)
                && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return Objects.hash(port, listen, targetHost, targetPort, protocol, name);
    }
}
