package dev.telepath.client.daemon;

/** How this machine's programs come by the cluster's names. One thread at a time, but for {@link #described}. */
sealed interface NamesLed permits MachineNames, MacNames {
    /** Brings them to what they should be now. Blocks, seconds at most. */
    void bring();

    /** Undoes what does not work any more. Blocks, some seconds at most. */
    void watch();

    /** Whatever the trouble was, it is tried anew at once: this machine is in another network. */
    void forget();

    /** Which way is used, or why none is. Any thread. */
    String described();
}
