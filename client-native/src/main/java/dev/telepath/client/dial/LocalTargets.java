package dev.telepath.client.dial;

/** Which local addresses the cluster may open streams to. Thread-safe, never blocks. */
public interface LocalTargets {
    boolean leadsTo(String host, int port);

    /** Notes that a local process did not take a stream. */
    void localFailure(int port, String why);
}
