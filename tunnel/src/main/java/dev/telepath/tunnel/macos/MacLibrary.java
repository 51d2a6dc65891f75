package dev.telepath.tunnel.macos;

import dev.telepath.tunnel.foreign.Downcalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jboss.logging.Logger;

/** The calls of macOS' C library that set a device up and hand it to another process. They block. Thread-safe. */
public final class MacLibrary {
    private static final Logger LOG = Logger.getLogger(MacLibrary.class);
    private static final int MOST_OPTION = 64;
    /** Of {@code msghdr}, whose parts lie alike on all of ours; the two lengths have low bytes first. */
    private static final int MESSAGE = 56;

    private static final int MESSAGE_BUFFERS = 16;
    private static final int MESSAGE_BUFFER_COUNT = 24;
    private static final int MESSAGE_CONTROL = 32;
    private static final int MESSAGE_CONTROL_LENGTH = 40;
    private static final int BUFFER = 16;

    private final Downcalls calls =
            new Downcalls((what, errno, text) -> new IOException(what + ": " + text + " (errno " + errno + ")"));

    /** @return a descriptor, the caller's to close */
    int socket(int domain, int type, int protocol) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        return (int) calls.call(
                "socket", form, (function, errno, arena) -> (int) function.invokeExact(errno, domain, type, protocol));
    }

    /** Closes a descriptor. */
    public void close(int descriptor) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        calls.call("close", form, (function, errno, arena) -> (int) function.invokeExact(errno, descriptor));
    }

    /**
     * ioctl with a structure.
     *
     * @param request changed in place, where the system answers in it
     */
    void ioctl(int descriptor, long what, byte[] request) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
        calls.variadic("ioctl", "ioctl", form, 2, (function, errno, arena) -> {
            MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_BYTE, request);
            int result = (int) function.invokeExact(errno, descriptor, what, segment);
            MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, 0, request, 0, request.length);
            return result;
        });
    }

    void connect(int socket, byte[] address) throws IOException {
        address("connect", socket, address);
    }

    void bind(int socket, byte[] address) throws IOException {
        address("bind", socket, address);
    }

    private void address(String name, int socket, byte[] address) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
        calls.call(name, form, (function, errno, arena) -> (int) function.invokeExact(
                errno, socket, arena.allocateFrom(ValueLayout.JAVA_BYTE, address), address.length));
    }

    void listen(int socket) throws IOException {
        FunctionDescriptor form =
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        calls.call("listen", form, (function, errno, arena) -> (int) function.invokeExact(errno, socket, 1));
    }

    /** @return a descriptor, the caller's to close */
    int accept(int socket) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
        return (int) calls.call("accept", form, (function, errno, arena) ->
                (int) function.invokeExact(errno, socket, MemorySegment.NULL, MemorySegment.NULL));
    }

    /** A socket's option that is a text. */
    String textOption(int socket, int level, int option) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS);
        String[] text = new String[1];
        calls.call("getsockopt", form, (function, errno, arena) -> {
            MemorySegment value = arena.allocate(MOST_OPTION);
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, MOST_OPTION - 1);
            int result = (int) function.invokeExact(errno, socket, level, option, value, length);
            text[0] = value.getString(0);
            return result;
        });
        return text[0];
    }

    /** Makes this process the first of a session without a terminal. A process that leads its group already stays as it is. */
    public void leaveTerminal() {
        try {
            calls.call("setsid", FunctionDescriptor.of(ValueLayout.JAVA_INT), (function, errno, arena) ->
                    (int) function.invokeExact(errno));
        } catch (IOException e) {
            LOG.debugf("terminal kept cause=\"%s\"", e.getMessage());
        }
    }

    /** Sends a byte with a control message. */
    void send(int socket, byte[] control) throws IOException {
        calls.call("sendmsg", message(), (function, errno, arena) -> {
            MemorySegment given = arena.allocateFrom(ValueLayout.JAVA_BYTE, control);
            return (long) function.invokeExact(errno, socket, message(arena, given), 0);
        });
    }

    /**
     * Receives a byte with a control message. Waits for it.
     *
     * @param control to where
     * @return how much of it the system has filled
     */
    int receive(int socket, byte[] control) throws IOException {
        int[] filled = new int[1];
        calls.call("recvmsg", message(), (function, errno, arena) -> {
            MemorySegment taken = arena.allocate(control.length, Long.BYTES);
            MemorySegment message = message(arena, taken);
            long result = (long) function.invokeExact(errno, socket, message, 0);
            // At the end of the stream nothing is filled, whatever the length says.
            filled[0] = result <= 0 ? 0 : message.get(ValueLayout.JAVA_INT, MESSAGE_CONTROL_LENGTH);
            MemorySegment.copy(taken, ValueLayout.JAVA_BYTE, 0, control, 0, control.length);
            return result;
        });
        return filled[0];
    }

    private static FunctionDescriptor message() {
        return FunctionDescriptor.of(
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    }

    private static MemorySegment message(Arena arena, MemorySegment control) {
        MemorySegment buffer = arena.allocate(BUFFER, Long.BYTES);
        buffer.set(ValueLayout.ADDRESS, 0, arena.allocate(1));
        buffer.set(ValueLayout.JAVA_LONG, Long.BYTES, 1);
        MemorySegment message = arena.allocate(MESSAGE, Long.BYTES);
        message.set(ValueLayout.ADDRESS, MESSAGE_BUFFERS, buffer);
        message.set(ValueLayout.JAVA_INT, MESSAGE_BUFFER_COUNT, 1);
        message.set(ValueLayout.ADDRESS, MESSAGE_CONTROL, control);
        message.set(ValueLayout.JAVA_INT, MESSAGE_CONTROL_LENGTH, (int) control.byteSize());
        return message;
    }
}
