package dev.telepath.client.tun;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A network interface that hands its packets to this program. */
public interface TunDevice extends AutoCloseable {
    /** Its name, as {@code ip link} or {@code ifconfig} show it. */
    String name();

    /** Bytes of the largest packet. */
    int mtu();

    /**
     * Reads a packet to the buffer's beginning and sets its limit. Blocks. One thread.
     *
     * @param packet direct; of at least {@link #mtu()} bytes
     * @throws IOException when the device is gone or closed
     */
    void read(ByteBuffer packet) throws IOException;

    /**
     * Hands a packet to the system, from the buffer's beginning to its limit. Thread-safe, does not wait.
     *
     * @throws IOException when the system does not take it, or the device is gone
     */
    void write(ByteBuffer packet) throws IOException;

    /** Gives the device back; one that nobody else holds is gone then, with its addresses and routes. */
    @Override
    void close();
}
