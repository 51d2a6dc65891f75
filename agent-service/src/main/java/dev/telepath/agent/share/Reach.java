package dev.telepath.agent.share;

import dev.telepath.tunnel.linux.CLibrary;
import dev.telepath.tunnel.linux.PathHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How paths that were judged are reached. Where a client can exchange a directory for a link, every directory on the way is
 * held while the path is used, so that what was judged is what is used. Elsewhere a path is just a path. Thread-safe; on
 * virtual threads slow.
 */
public final class Reach {
    private final SharedPaths paths;
    private final CLibrary library = new CLibrary();

    public Reach(SharedPaths paths) {
        this.paths = paths;
    }

    /**
     * A path that is good until it is closed. Its last name may be a link; it is to be used without following that.
     *
     * @param handle the directory that holds the name, if it is held
     */
    public record Held(Path path, Optional<PathHandle> handle) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            if (handle.isPresent()) {
                handle.get().close();
            }
        }
    }

    /**
     * A name in its directory.
     *
     * @param real without links before its last name
     */
    public Held at(Path real) throws IOException {
        Optional<Path> outermost = paths.changeable(real);
        if (outermost.isEmpty()) {
            return new Held(real, Optional.empty());
        }
        Path root = outermost.get();
        if (real.equals(root)) {
            // Clients cannot exchange what begins the share; a name is needed that is no link.
            return Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS) ? folder(real) : new Held(real, Optional.empty());
        }
        Path name = real.getFileName();
        Path parent = real.getParent();
        if (name == null || parent == null) {
            throw new IOException("a path without a name");
        }
        PathHandle folder = walk(root, parent);
        return new Held(folder.entry(name.toString()), Optional.of(folder));
    }

    /**
     * A directory, for what is in it.
     *
     * @param real without links
     */
    public Held folder(Path real) throws IOException {
        Optional<Path> outermost = paths.changeable(real);
        if (outermost.isEmpty()) {
            return new Held(real, Optional.empty());
        }
        PathHandle folder = walk(outermost.get(), real);
        return new Held(folder.entry("."), Optional.of(folder));
    }

    /**
     * A file or directory itself.
     *
     * @param real without links, where clients may change something
     */
    public PathHandle handle(Path real) throws IOException {
        Path root = paths.changeable(real).orElseThrow(() -> new IOException("nothing may be changed there"));
        if (real.equals(root) && !Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS)) {
            Path parent = real.getParent();
            Path name = real.getFileName();
            if (parent == null || name == null) {
                throw new IOException("a path without a name");
            }
            return walk(parent, real);
        }
        return walk(root, real);
    }

    private PathHandle walk(Path root, Path real) throws IOException {
        PathHandle top = PathHandle.open(library, root);
        if (real.equals(root)) {
            return top;
        }
        try (top) {
            return top.below(root.relativize(real));
        }
    }
}
