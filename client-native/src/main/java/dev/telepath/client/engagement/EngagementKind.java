package dev.telepath.client.engagement;

import java.util.Locale;

/** What an engagement does with the workload's traffic. */
public enum EngagementKind {
    /** Diverts it to a local process. */
    INTERCEPT,
    /** Diverts it too, and stops the container that had it. */
    REPLACE,
    /** Copies it to a local process. */
    WIRETAP,
    /** Leaves it alone; takes environment and files only. */
    INGEST;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
