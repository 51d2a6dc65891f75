package dev.telepath.client.engagement;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/** Tells what a later daemon is to restore, at every change until the connection ends. Guarded by its {@link Engagements}. */
final class Kept {
    private final Consumer<List<ObjectNode>> journal;
    private boolean closed;

    Kept(Consumer<List<ObjectNode>> journal) {
        this.journal = journal;
    }

    void now(Collection<EngagementSpec> wanted) {
        if (!closed) {
            journal.accept(wanted.stream()
                    .filter(spec -> !spec.held())
                    .map(EngagementRecord::of)
                    .toList());
        }
    }

    void close() {
        closed = true;
    }

    /** Names of those that end with a command, in the order they were made. */
    static List<String> not(Collection<EngagementSpec> wanted) {
        return wanted.stream()
                .filter(EngagementSpec::held)
                .map(EngagementSpec::name)
                .toList();
    }
}
