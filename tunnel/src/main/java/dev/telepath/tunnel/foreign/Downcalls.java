package dev.telepath.tunnel.foreign;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Calls functions of the C library. Each is looked up when it is called and not before, so that none has to be there on a system
 * that never calls it. Thread-safe; a call costs microseconds.
 */
public final class Downcalls {
    private final Linker linker = Linker.nativeLinker();
    private final Linker.Option errno = Linker.Option.captureCallState("errno");
    private final StructLayout state = Linker.Option.captureStateLayout();
    private final Refusal refusal;

    /** One call. A negative result means that the system refused, and {@code errno} has its number. */
    @FunctionalInterface
    public interface Call {
        long make(MethodHandle function, MemorySegment errno, Arena arena) throws Throwable;
    }

    /** Makes a failure of what the system said. */
    @FunctionalInterface
    public interface Refusal {
        IOException of(String what, int errno, String text);
    }

    public Downcalls(Refusal refusal) {
        this.refusal = refusal;
    }

    /** Calls one, of which a failure needs to tell nothing but the function's name. */
    public long call(String name, FunctionDescriptor form, Call call) throws IOException {
        return call(name, name, form, call);
    }

    /**
     * Calls one.
     *
     * @param what is tried, for the failure's message
     * @param name of the function
     */
    public long call(String what, String name, FunctionDescriptor form, Call call) throws IOException {
        return call(what, name, form, call, errno);
    }

    /**
     * Calls one whose further arguments are variadic, which some systems pass in another way (on arm64 macOS: on the stack).
     *
     * @param fixed how many arguments are not
     */
    public long variadic(String what, String name, FunctionDescriptor form, int fixed, Call call) throws IOException {
        return call(what, name, form, call, errno, Linker.Option.firstVariadicArg(fixed));
    }

    private long call(String what, String name, FunctionDescriptor form, Call call, Linker.Option... options)
            throws IOException {
        if (!Thread.currentThread().isVirtual()) {
            return callHere(what, name, form, call, options);
        }
        // A native image makes no such calls on virtual threads.
        var made = new FutureTask<>(() -> callHere(what, name, form, call, options));
        Thread.ofPlatform().daemon().name("c-library").start(made);
        try {
            return made.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException refused ? refused : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + what, e);
        }
    }

    private long callHere(String what, String name, FunctionDescriptor form, Call call, Linker.Option... options)
            throws IOException {
        MethodHandle function = linker.downcallHandle(linker.defaultLookup().findOrThrow(name), form, options);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(state);
            long result = call.make(function, errno, arena);
            if (result < 0) {
                throw refused(what, number(errno));
            }
            return result;
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a call of the C library cannot throw", e);
        }
    }

    /** What a call left in its {@code errno}. */
    public int number(MemorySegment errno) {
        return (int)
                state.varHandle(MemoryLayout.PathElement.groupElement("errno")).get(errno, 0L);
    }

    /** The failure of something that the system answered with a number. */
    public IOException refused(String what, int errno) {
        MethodHandle strerror = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("strerror"),
                FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        try {
            MemorySegment text = (MemorySegment) strerror.invokeExact(errno);
            return refusal.of(what, errno, text.reinterpret(256).getString(0));
        } catch (Throwable e) {
            throw new IllegalStateException("a call of the C library cannot throw", e);
        }
    }
}
