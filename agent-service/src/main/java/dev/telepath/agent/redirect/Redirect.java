package dev.telepath.agent.redirect;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What comes in for one port goes to another.
 *
 * @param from port that callers know, 1 to 65535
 * @param to port on the same address, 1 to 65535
 * @param udp whether it is of UDP, else of TCP
 */
public record Redirect(int from, int to, boolean udp) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,5})=(\\d{1,5})/(tcp|udp)");

    /**
     * Reads {@code FROM=TO/tcp|udp}.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    public static Redirect parse(String text) {
        Matcher form = FORM.matcher(text.toLowerCase(Locale.ROOT));
        if (form.matches()) {
            int from = Integer.parseInt(form.group(1));
            int to = Integer.parseInt(form.group(2));
            if (from >= 1 && from <= 65535 && to >= 1 && to <= 65535) {
                return new Redirect(from, to, form.group(3).equals("udp"));
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is no redirect, expected FROM=TO/tcp or FROM=TO/udp with ports from 1 to 65535");
    }
}
