package dev.telepath.tunnel.linux;

import dev.telepath.tunnel.foreign.Downcalls;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * Calls of the C library that the platform has no classes for. Each costs microseconds: for setting things up, not for what
 * happens often. Thread-safe.
 */
public final class CLibrary {
    private static final int MSG_DONTWAIT = 0x40;
    private static final int EAGAIN = 11;
    private static final int MS_BIND = 0x1000;
    private static final int MADV_DONTNEED = 4;
    private static final int PR_CAP_AMBIENT = 47;
    private static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;

    private final Downcalls calls = new Downcalls(Refused::new);

    /** A call that the system refused. */
    public static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;
        public static final int EPERM = 1;
        public static final int ENOENT = 2;
        public static final int EACCES = 13;
        public static final int EBUSY = 16;
        public static final int EEXIST = 17;
        public static final int ENOTDIR = 20;
        public static final int EROFS = 30;
        public static final int ELOOP = 40;

        private final int errno;

        Refused(String call, int errno, String text) {
            super(call + ": " + text + " (errno " + errno + ")");
            this.errno = errno;
        }

        /** The system's number of what was wrong. */
        public int errno() {
            return errno;
        }
    }

    /**
     * ioctl with a structure.
     *
     * @param request changed in place, where the system answers in it
     */
    public void ioctl(int descriptor, long what, byte[] request) throws IOException {
        calls.call("ioctl", pointerIoctl(), (function, errno, arena) -> {
            MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_BYTE, request);
            int result = (int) function.invokeExact(errno, descriptor, what, segment);
            MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, 0, request, 0, request.length);
            return result;
        });
    }

    /** ioctl with a number. */
    public void ioctl(int descriptor, long what, long argument) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);
        calls.call("ioctl", form, (function, errno, arena) ->
                (int) function.invokeExact(errno, descriptor, what, argument));
    }

    private static FunctionDescriptor pointerIoctl() {
        return FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS);
    }

    /** @return a descriptor, the caller's to close */
    int socket(int domain, int type, int protocol) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        return (int) calls.call(
                "socket", form, (function, errno, arena) -> (int) function.invokeExact(errno, domain, type, protocol));
    }

    /**
     * openat.
     *
     * @return a descriptor, the caller's to close
     */
    int openAt(int directory, String name, int flags) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
        return (int) calls.call("open " + name, "openat", form, (function, errno, arena) ->
                (int) function.invokeExact(errno, directory, arena.allocateFrom(name), flags));
    }

    /** truncate, which makes a file shorter or longer. */
    void truncate(Path file, long size) throws IOException {
        FunctionDescriptor form =
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
        calls.call("truncate", form, (function, errno, arena) ->
                (int) function.invokeExact(errno, arena.allocateFrom(file.toString()), size));
    }

    void close(int descriptor) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
        calls.call("close", form, (function, errno, arena) -> (int) function.invokeExact(errno, descriptor));
    }

    void send(int socket, byte[] message) throws IOException {
        calls.call("send", buffer(), (function, errno, arena) -> {
            MemorySegment out = arena.allocateFrom(ValueLayout.JAVA_BYTE, message);
            return (long) function.invokeExact(errno, socket, out, out.byteSize(), 0);
        });
    }

    /** What is there to receive, without waiting; no bytes when that is nothing. */
    byte[] receive(int socket, int most) throws IOException {
        byte[][] received = new byte[1][];
        calls.call("recv", buffer(), (function, errno, arena) -> {
            MemorySegment in = arena.allocate(most);
            long length = (long) function.invokeExact(errno, socket, in, in.byteSize(), MSG_DONTWAIT);
            boolean nothing = length < 0 && calls.number(errno) == EAGAIN;
            received[0] = length < 0 ? new byte[0] : in.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
            return nothing ? 0 : length;
        });
        return received[0];
    }

    private static FunctionDescriptor buffer() {
        return FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT);
    }

    /** Shows a file at another's place, in this process's mount namespace. */
    public void bindMount(Path file, Path place) throws IOException {
        mount(file.toString(), place, "none", MS_BIND, "");
    }

    /** Hides a folder behind an empty one that lives in memory, in this process's mount namespace. */
    public void emptyMount(Path place) throws IOException {
        mount("telepath", place, "tmpfs", 0, "size=64k,mode=755");
    }

    private void mount(String source, Path place, String type, long flags, String options) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS);
        calls.call("mount " + place, "mount", form, (function, errno, arena) -> (int) function.invokeExact(
                errno,
                arena.allocateFrom(source),
                arena.allocateFrom(place.toString()),
                arena.allocateFrom(type),
                flags,
                arena.allocateFrom(options)));
    }

    /**
     * Takes mapped pages of a file out of this process (madvise(2), MADV_DONTNEED). Those that are used again come back as they
     * are in the file: what was changed in them is lost.
     *
     * @param from address of the first page
     * @param length in bytes
     */
    public void dropPages(long from, long length) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
        calls.call("madvise", form, (function, errno, arena) ->
                (int) function.invokeExact(errno, from, length, MADV_DONTNEED));
    }

    /** Keeps this thread from handing its capabilities to programs that it starts (capabilities(7), ambient set). On
     * no virtual thread: those are several threads' in turn. */
    public void dropAmbientCapabilities() throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG);
        calls.call("prctl", form, (function, errno, arena) ->
                (int) function.invokeExact(errno, PR_CAP_AMBIENT, (long) PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L));
    }

    /**
     * The number of an interface of this process's network namespace, whether or not it has addresses.
     *
     * @return 0 when there is none of that name
     */
    public int interfaceIndex(String name) throws IOException {
        FunctionDescriptor form = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
        return (int) calls.call("if_nametoindex", form, (function, errno, arena) ->
                (int) function.invokeExact(errno, arena.allocateFrom(name)));
    }

    /** The failure of something that the system answered with a number. */
    IOException refused(String what, int errno) {
        return calls.refused(what, errno);
    }
}
