package dev.telepath.client.control;

/** Who sent a request: the connection of one command line. Thread-safe. */
public interface Caller {
    /** Tells the user what goes on. */
    void progress(String text);

    /** Whether the command line has gone away. */
    boolean gone();

    /** Runs once when the command line goes away; at once if it has. */
    void onGone(Runnable action);
}
