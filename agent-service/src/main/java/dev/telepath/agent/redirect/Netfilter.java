package dev.telepath.agent.redirect;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** A netlink socket to netfilter. Blocks. Linux alone. */
final class Netfilter {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int NETLINK_NETFILTER = 12;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MESSAGE_ERROR = 2;
    private static final int HEADER = 16;
    private static final int ANSWER = 64 * 1024;
    private static final int EPERM = 1;

    private final Linker linker = Linker.nativeLinker();
    private final StructLayout state = Linker.Option.captureStateLayout();

    /**
     * Sends one transaction: all of it holds, or nothing.
     *
     * @throws IOException with a message for the user when the kernel refuses it
     */
    void apply(byte[] transaction) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(state);
            int socket = (int) function("socket", ints(3)).invokeExact(errno, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
            if (socket < 0) {
                throw refused("a netlink socket cannot be made", error(errno));
            }
            try {
                MemorySegment out = arena.allocateFrom(ValueLayout.JAVA_BYTE, transaction);
                long sent = (long) function("send", buffer()).invokeExact(errno, socket, out, out.byteSize(), 0);
                if (sent != transaction.length) {
                    throw refused("the rules cannot be sent to the kernel", error(errno));
                }
                MemorySegment in = arena.allocate(ANSWER);
                // The kernel has answered when send returns.
                long read =
                        (long) function("recv", buffer()).invokeExact(errno, socket, in, in.byteSize(), MSG_DONTWAIT);
                while (read > 0) {
                    check(in, read);
                    read = (long)
                            function("recv", buffer()).invokeExact(errno, socket, in, in.byteSize(), MSG_DONTWAIT);
                }
            } finally {
                int closed = (int) function("close", ints(1)).invokeExact(errno, socket);
                assert closed == 0;
            }
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a call of the C library cannot throw", e);
        }
    }

    private static void check(MemorySegment answers, long length) throws IOException {
        long at = 0;
        while (at + HEADER <= length) {
            int size = answers.get(ValueLayout.JAVA_INT_UNALIGNED, at);
            int type = Short.toUnsignedInt(answers.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + 4));
            if (type == MESSAGE_ERROR && at + HEADER + 4 <= length) {
                int error = answers.get(ValueLayout.JAVA_INT_UNALIGNED, at + HEADER);
                if (error != 0) {
                    throw refused("the kernel refused the rules", -error);
                }
            }
            at += Math.max(HEADER, (size + 3) & ~3);
        }
    }

    private static IOException refused(String what, int errno) {
        String why = errno == EPERM
                ? "the container needs the capability NET_ADMIN"
                : "its kernel may lack nf_tables with NAT (5.2 or later)";
        return new IOException(what + " (errno " + errno + "): " + why);
    }

    private int error(MemorySegment errno) {
        return (int)
                state.varHandle(MemoryLayout.PathElement.groupElement("errno")).get(errno, 0L);
    }

    private static FunctionDescriptor ints(int count) {
        var arguments = new MemoryLayout[count];
        java.util.Arrays.fill(arguments, ValueLayout.JAVA_INT);
        return FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments);
    }

    private static FunctionDescriptor buffer() {
        return FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT);
    }

    private MethodHandle function(String name, FunctionDescriptor form) {
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), form, Linker.Option.captureCallState("errno"));
    }
}
