package dev.telepath.manager.security;

import java.util.Locale;
import java.util.Optional;

/** What a caller is. */
public enum Role {
    CLIENT,
    AGENT,
    /** A Telepresence peer on the clear-text port, which proves nothing. */
    ANY;

    /** As in tokens and on the command line. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The role of a token; empty for other words. */
    public static Optional<Role> ofToken(String label) {
        return switch (label) {
            case "client" -> Optional.of(CLIENT);
            case "agent" -> Optional.of(AGENT);
            default -> Optional.empty();
        };
    }
}
