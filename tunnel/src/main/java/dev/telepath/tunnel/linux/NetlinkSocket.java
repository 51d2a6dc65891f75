package dev.telepath.tunnel.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A netlink(7) socket: messages to a part of the kernel, which has answered when they are sent. One thread. */
public final class NetlinkSocket implements AutoCloseable {
    /** Links, addresses and routes: rtnetlink(7). */
    public static final int ROUTE = 0;
    /** nf_tables. */
    public static final int NETFILTER = 12;

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int ERROR = 2;
    private static final int HEADER = 16;
    private static final int ANSWER = 64 * 1024;

    private final CLibrary library;
    private final int socket;

    /**
     * @param family which part of the kernel
     */
    public NetlinkSocket(CLibrary library, int family) throws IOException {
        this.library = library;
        this.socket = library.socket(AF_NETLINK, SOCK_RAW, family);
    }

    /**
     * Sends messages that each ask for a word on them.
     *
     * @param what is tried, for the failure's message
     * @throws CLibrary.Refused for the first that the kernel refused
     */
    public void send(String what, byte[] messages) throws IOException {
        library.send(socket, messages);
        for (byte[] answers = library.receive(socket, ANSWER);
                answers.length > 0;
                answers = library.receive(socket, ANSWER)) {
            check(what, ByteBuffer.wrap(answers).order(ByteOrder.nativeOrder()));
        }
    }

    private void check(String what, ByteBuffer answers) throws IOException {
        int at = 0;
        while (at + HEADER <= answers.limit()) {
            int size = answers.getInt(at);
            boolean error =
                    Short.toUnsignedInt(answers.getShort(at + 4)) == ERROR && at + HEADER + 4 <= answers.limit();
            int number = error ? answers.getInt(at + HEADER) : 0;
            if (number != 0) {
                throw library.refused(what, -number);
            }
            at += Math.max(HEADER, (size + 3) & ~3);
        }
    }

    @Override
    public void close() throws IOException {
        library.close(socket);
    }
}
