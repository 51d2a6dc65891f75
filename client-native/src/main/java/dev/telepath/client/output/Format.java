package dev.telepath.client.output;

import java.util.Locale;

/** What {@code --output} asks for. */
public enum Format {
    DEFAULT,
    JSON,
    YAML;

    /**
     * @throws IllegalArgumentException for another word
     */
    public static Format of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }
}
