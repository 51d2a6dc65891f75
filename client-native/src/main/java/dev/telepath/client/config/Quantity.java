package dev.telepath.client.config;

import java.time.Duration;
import java.util.Locale;

/** Numbers with units, as people write them. Pure. */
public final class Quantity {
    private Quantity() {}

    /**
     * Reads {@code 500ms}, {@code 5s}, {@code 2m}, {@code 1h}; a bare number is seconds.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    public static Duration duration(String text) {
        String value = text.strip().toLowerCase(Locale.ROOT);
        int digits = digits(value);
        String unit = value.substring(digits).strip();
        try {
            long number = Long.parseLong(value.substring(0, digits));
            return switch (unit) {
                case "ms" -> Duration.ofMillis(number);
                case "", "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default ->
                    throw new IllegalArgumentException(
                            "'" + text + "' is no duration, expected for instance 500ms, 5s, 2m or 1h");
            };
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no duration, expected for instance 500ms, 5s, 2m or 1h", e);
        }
    }

    /**
     * Reads {@code 65536}, {@code 64K}, {@code 16M}, {@code 1G}.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    public static long bytes(String text) {
        String value = text.strip().toUpperCase(Locale.ROOT);
        int digits = digits(value);
        String unit = value.substring(digits).strip();
        try {
            long number = Long.parseLong(value.substring(0, digits));
            return switch (unit) {
                case "", "B" -> number;
                case "K", "KI", "KIB" -> Math.multiplyExact(number, 1L << 10);
                case "M", "MI", "MIB" -> Math.multiplyExact(number, 1L << 20);
                case "G", "GI", "GIB" -> Math.multiplyExact(number, 1L << 30);
                default ->
                    throw new IllegalArgumentException(
                            "'" + text + "' is no size, expected for instance 65536, 64K or 16M");
            };
        } catch (NumberFormatException | ArithmeticException e) {
            throw new IllegalArgumentException("'" + text + "' is no size, expected for instance 65536, 64K or 16M", e);
        }
    }

    private static int digits(String value) {
        int end = 0;
        while (end < value.length() && Character.isDigit(value.charAt(end))) {
            end++;
        }
        return end;
    }
}
