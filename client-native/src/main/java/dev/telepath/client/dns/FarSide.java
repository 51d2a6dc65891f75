package dev.telepath.client.dns;

import java.util.concurrent.CompletionStage;

/** Whoever can be asked for names as the cluster's workloads see them. Thread-safe, never blocks. */
@FunctionalInterface
interface FarSide {
    /**
     * Asks.
     *
     * @param name in lower case, without the last dot
     * @param type number of the record type
     * @return the answer; fails when nobody can be asked or nobody answers. Whoever asks bounds how long it waits
     */
    CompletionStage<FarAnswer> ask(String name, int type);
}
