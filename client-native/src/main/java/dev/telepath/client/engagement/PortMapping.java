package dev.telepath.client.engagement;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One {@code --port}: which local port gets the traffic of which port of the workload.
 *
 * @param local 1 to 65535
 * @param identifier name or number of the workload's port; empty = its only one
 * @param protocol TCP or UDP
 */
public record PortMapping(int local, String identifier, String protocol) {
    private static final Pattern FORM =
            Pattern.compile("(\\d{1,5})(?::([A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?))?(?:/(tcp|udp|TCP|UDP))?");

    /**
     * Reads {@code local[:remote][/tcp|/udp]}.
     *
     * @throws Failure of kind USAGE
     */
    public static PortMapping parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw wrong(text, "expected LOCAL[:REMOTE[/tcp|udp]], for instance 8080 or 8080:http or 5353:dns/udp");
        }
        int local = port(text, matcher.group(1));
        String identifier = matcher.group(2) == null ? "" : matcher.group(2);
        if (identifier.chars().allMatch(Character::isDigit) && !identifier.isEmpty()) {
            port(text, identifier);
        }
        String protocol = matcher.group(3) == null ? "TCP" : matcher.group(3).toUpperCase(Locale.ROOT);
        return new PortMapping(local, identifier, protocol);
    }

    private static int port(String text, String digits) {
        long number = digits.length() > 5 ? Long.MAX_VALUE : Long.parseLong(digits);
        if (number < 1 || number > 65535) {
            throw wrong(text, "port " + digits + " is out of range (1 to 65535)");
        }
        return (int) number;
    }

    private static Failure wrong(String text, String why) {
        return new Failure(Kind.USAGE, "--port " + text + ": " + why, "tp intercept --help shows the forms");
    }

    /** As the wire names the workload's port: {@code http}, {@code 80}, {@code dns/UDP}; may be empty. */
    public String wireIdentifier() {
        return identifier.isEmpty() || protocol.equals("TCP") ? identifier : identifier + "/" + protocol;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return local
                + (identifier.isEmpty() ? "" : ":" + identifier)
                + (protocol.equals("TCP") ? "" : "/" + protocol.toLowerCase(Locale.ROOT));
    }
}
