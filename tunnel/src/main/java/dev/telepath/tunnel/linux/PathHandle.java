package dev.telepath.tunnel.linux;

import dev.telepath.tunnel.linux.CLibrary.Refused;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file or directory that is held by a descriptor (open(2), O_PATH): what {@link #path} and {@link #entry} lead to is this
 * one, whatever becomes of its name, so nobody can put a link in the way between a check and what follows it. Linux with
 * /proc alone. Thread-safe; to be closed.
 */
public final class PathHandle implements AutoCloseable {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final int AT_FDCWD = -100;
    private static final int O_PATH = 010000000;
    private static final int O_CLOEXEC = 02000000;
    /** The two flags whose numbers are others on ARM. */
    private static final boolean ARM = Set.of("aarch64", "arm64").contains(System.getProperty("os.arch", ""));

    private static final int O_DIRECTORY = ARM ? 040000 : 0200000;
    private static final int O_NOFOLLOW = ARM ? 0100000 : 0400000;
    private static final int CLOSED = -1;

    private final CLibrary library;
    private final AtomicInteger descriptor;

    private PathHandle(CLibrary library, int descriptor) {
        this.library = library;
        this.descriptor = new AtomicInteger(descriptor);
    }

    /** Whether this machine has such handles. */
    public static boolean available() {
        return Files.isDirectory(DESCRIPTORS);
    }

    /**
     * A directory by its path, links in it followed.
     *
     * @param directory absolute
     */
    public static PathHandle open(CLibrary library, Path directory) throws IOException {
        return open(library, AT_FDCWD, directory.toString(), O_DIRECTORY);
    }

    private static PathHandle open(CLibrary library, int at, String name, int flags) throws IOException {
        try {
            return new PathHandle(library, library.openAt(at, name, O_PATH | O_CLOEXEC | flags));
        } catch (Refused e) {
            throw known(name, e);
        }
    }

    private static IOException known(String name, Refused e) {
        IOException as = switch (e.errno()) {
            case Refused.ENOENT, Refused.ENOTDIR, Refused.ELOOP -> new NoSuchFileException(name);
            case Refused.EACCES, Refused.EPERM, Refused.EROFS -> new AccessDeniedException(name);
            default -> e;
        };
        if (as != e) {
            as.initCause(e);
        }
        return as;
    }

    /**
     * What lies below this directory, no link on the way or at the end being followed. This handle stays open.
     *
     * @param relative names alone, without dots
     * @throws NoSuchFileException when there is no such path without links
     */
    public PathHandle below(Path relative) throws IOException {
        PathHandle at = this;
        try {
            int last = relative.getNameCount() - 1;
            for (int i = 0; i <= last; i++) {
                String name = relative.getName(i).toString();
                if (name.isEmpty() || name.equals(".") || name.equals("..")) {
                    throw new NoSuchFileException(relative.toString());
                }
                PathHandle next = open(library, at.descriptor.get(), name, O_NOFOLLOW | (i < last ? O_DIRECTORY : 0));
                if (at != this) {
                    at.close();
                }
                at = next;
            }
            return at;
        } catch (IOException | RuntimeException e) {
            if (at != this) {
                at.close();
            }
            throw e;
        }
    }

    /** This very file or directory, as long as the handle is open. It is a link to it, so it has to be followed. */
    public Path path() {
        return DESCRIPTORS.resolve(String.valueOf(descriptor.get()));
    }

    /** A name in this directory, as long as the handle is open. */
    public Path entry(String name) {
        return path().resolve(name);
    }

    /**
     * Makes this file so long: cut, or filled with zeros.
     *
     * @param size bytes, not negative
     */
    public void truncate(long size) throws IOException {
        try {
            library.truncate(path(), size);
        } catch (Refused e) {
            throw known(path().toString(), e);
        }
    }

    /** Idempotent. */
    @Override
    public void close() throws IOException {
        int open = descriptor.getAndSet(CLOSED);
        if (open != CLOSED) {
            library.close(open);
        }
    }
}
