package dev.telepath.dns;

import java.util.concurrent.CompletionStage;

/** Whoever can be asked for the records of a name. Thread-safe, never blocks. */
@FunctionalInterface
public interface Lookup {
    /**
     * Asks.
     *
     * @param name with a last dot or without; what that means is said by whoever is asked
     * @param type number of the record type
     * @return the answer; fails when nobody can be asked or nobody answers. Whoever asks bounds how long it waits
     */
    CompletionStage<Answer> ask(String name, int type);
}
