package dev.telepath.agent.share;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Which files are lent. A path is judged by where it really leads, so neither dots nor links lead out. Thread-safe. */
public final class SharedPaths {
    private static final Logger LOG = Logger.getLogger(SharedPaths.class);

    private final List<Path> roots;

    private SharedPaths(List<Path> roots) {
        this.roots = roots;
    }

    /**
     * @param paths files or directories, absolute
     * @throws IllegalArgumentException when one is not absolute, with a message for the user
     */
    public static SharedPaths of(List<Path> paths) {
        var roots = new ArrayList<Path>();
        for (Path path : paths) {
            if (!path.isAbsolute()) {
                throw new IllegalArgumentException("shared path " + path + " is not absolute");
            }
            roots.add(path.normalize());
        }
        return new SharedPaths(List.copyOf(roots));
    }

    /** What is lent, normal. */
    public List<Path> roots() {
        return roots;
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

    /** Whether a path without links in it is lent. */
    private boolean lent(Path real) {
        for (Path root : roots) {
            try {
                if (real.startsWith(root.toRealPath())) {
                    return true;
                }
            } catch (IOException e) {
                LOG.debugf("shared path is not there path=%s", root);
            }
        }
        return false;
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
