package dev.telepath.client.doctor;

import java.util.Locale;

/** What a check came to. */
public sealed interface Outcome {
    /**
     * As it should be.
     *
     * @param detail what was seen
     */
    record Passed(String detail) implements Outcome {}

    /**
     * Works, but not as it could.
     *
     * @param detail what was seen
     * @param fix what to do
     */
    record Warned(String detail, String fix) implements Outcome {}

    /**
     * Does not work.
     *
     * @param detail what was seen, and why
     * @param fix what to do
     */
    record Failed(String detail, String fix) implements Outcome {}

    /**
     * Not looked at.
     *
     * @param detail why
     */
    record Skipped(String detail) implements Outcome {}

    /** What was seen, or why nothing was. */
    String detail();

    /** What to do; empty where nothing is. */
    default String fix() {
        return switch (this) {
            case Warned warned -> warned.fix();
            case Failed failed -> failed.fix();
            default -> "";
        };
    }

    /** One word in lower case, as it appears in JSON. */
    default String word() {
        return getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }
}
