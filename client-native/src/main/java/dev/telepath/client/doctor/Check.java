package dev.telepath.client.doctor;

import java.util.List;

/**
 * One thing that can be wrong.
 *
 * @param id stable, e.g. {@code TP-301}; docs/doctor.md lists them, none is used twice
 * @param title what is looked at, in a few words
 * @param needs ids of checks that must not have failed or been skipped, or this one tells nothing
 * @param probe looks; may block for a few seconds
 */
public record Check(String id, String title, List<String> needs, Probe probe) {
    public Check {
        needs = List.copyOf(needs);
    }

    /** Looks at one thing. */
    @FunctionalInterface
    public interface Probe {
        /**
         * @throws RuntimeException counts as failed, with its message
         */
        Outcome look();
    }

    static Check of(String id, String title, Probe probe, String... needs) {
        return new Check(id, title, List.of(needs), probe);
    }
}
