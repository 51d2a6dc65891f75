package dev.telepath.agent.share;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Which files are lent, and which of them may be changed. A path is judged by where it really leads, so neither dots nor
 * links lead out. Thread-safe.
 */
public final class SharedPaths {
    private static final Logger LOG = Logger.getLogger(SharedPaths.class);

    /**
     * A file or directory that is lent.
     *
     * @param path as it was named, normal
     */
    private record Root(Path path, boolean writable) {
        /** Where it really is now; empty when it is not there. */
        Optional<Path> real() {
            try {
                return Optional.of(path.toRealPath());
            } catch (IOException e) {
                LOG.debugf("shared path is not there path=%s", path);
                return Optional.empty();
            }
        }
    }

    private final List<Root> roots;
    private final boolean anyWritable;

    private SharedPaths(List<Root> roots) {
        this.roots = roots;
        this.anyWritable = roots.stream().anyMatch(Root::writable);
    }

    /**
     * All of them for reading.
     *
     * @param paths files or directories, absolute
     * @throws IllegalArgumentException when one is not absolute, with a message for the user
     */
    public static SharedPaths of(List<Path> paths) {
        return of(paths, List.of());
    }

    /**
     * @param readOnly files or directories, absolute
     * @param writable more of them, in which clients may change what the agent may; a path that is in both lists is for reading
     * @throws IllegalArgumentException when one is not absolute, with a message for the user
     */
    public static SharedPaths of(List<Path> readOnly, List<Path> writable) {
        var roots = new ArrayList<Root>();
        add(roots, readOnly, false);
        add(roots, writable, true);
        return new SharedPaths(List.copyOf(roots));
    }

    private static void add(List<Root> roots, List<Path> paths, boolean writable) {
        for (Path path : paths) {
            if (!path.isAbsolute()) {
                throw new IllegalArgumentException("shared path " + path + " is not absolute");
            }
            Path normal = path.normalize();
            if (roots.stream().noneMatch(known -> known.path().equals(normal))) {
                roots.add(new Root(normal, writable));
            }
        }
    }

    /** What is lent, normal. */
    public List<Path> roots() {
        return roots.stream().map(Root::path).toList();
    }

    /** What is lent for changing too, normal. */
    public List<Path> writableRoots() {
        return roots.stream().filter(Root::writable).map(Root::path).toList();
    }

    /**
     * Where a requested path really is.
     *
     * @return empty when it does not exist or is not lent: who asks learns no difference
     */
    public Optional<Path> resolve(String requested) {
        try {
            Path path = Path.of(requested);
            if (!path.isAbsolute()) {
                return Optional.empty();
            }
            Path real = path.toRealPath();
            return lent(real) ? Optional.of(real) : Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Whether a path without links in it is lent, if anything is there. */
    public boolean lent(Path real) {
        return roots.stream()
                .anyMatch(root -> root.real().filter(real::startsWith).isPresent());
    }

    /**
     * Whether what is at a path may be changed: the innermost of what is lent around it decides.
     *
     * @param real without links in it; there need be nothing
     */
    public boolean writable(Path real) {
        if (!anyWritable) {
            return false;
        }
        record Found(int depth, boolean writable) {}
        return roots.stream()
                .flatMap(
                        root -> root
                                .real()
                                .filter(real::startsWith)
                                .map(at -> new Found(at.getNameCount(), root.writable()))
                                .stream())
                // Two names of one directory: the more careful one.
                .max(Comparator.comparingInt(Found::depth).thenComparing(found -> !found.writable()))
                .map(Found::writable)
                .orElse(false);
    }

    /**
     * The outermost directory or file around a path in which clients may change something, perhaps the path itself.
     *
     * @param real without links in it
     * @return without links in it; empty when no client can have exchanged anything on the way to the path
     */
    public Optional<Path> changeable(Path real) {
        if (!anyWritable) {
            return Optional.empty();
        }
        return roots.stream()
                .filter(Root::writable)
                .flatMap(root -> root.real().filter(real::startsWith).stream())
                .min(Comparator.comparingInt(Path::getNameCount));
    }

    /**
     * Whether something that is lent begins at a path or below it, so that it must stay where it is: it would be lent by
     * other rules elsewhere.
     *
     * @param real without links in it
     */
    public boolean carriesRoot(Path real) {
        return roots.stream()
                .anyMatch(root -> root.path().startsWith(real)
                        || root.real().filter(at -> at.startsWith(real)).isPresent());
    }

    /** Whether a link may be told of: it leads to something lent. */
    public boolean linkLent(Path link) {
        try {
            return Files.exists(link, LinkOption.NOFOLLOW_LINKS) && lent(link.toRealPath());
        } catch (IOException e) {
            return false;
        }
    }
}
