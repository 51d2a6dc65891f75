package dev.telepath.agent.sftp;

import dev.telepath.agent.share.SharedPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The tree that clients see: what is lent, at the paths where the workload has it, below directories that hold nothing
 * else. Thread-safe.
 */
final class LentTree {
    /** What is at a path. */
    sealed interface Node {
        /** A directory on the way to what is lent, with the names in it that lead there. */
        record Between(List<String> names) implements Node {}

        /**
         * A file, link or directory of the workload.
         *
         * @param path without links before its last name
         * @param writable whether clients may change it
         */
        record Lent(Path path, boolean writable) implements Node {}
    }

    private final SharedPaths paths;
    private final Map<String, SortedSet<String>> between = new HashMap<>();

    LentTree(SharedPaths paths) {
        this.paths = paths;
        between.put("/", new TreeSet<>());
        for (Path root : paths.roots()) {
            Path path = root;
            for (Path parent = path.getParent(); parent != null; path = parent, parent = path.getParent()) {
                between.computeIfAbsent(parent.toString(), key -> new TreeSet<>())
                        .add(String.valueOf(path.getFileName()));
            }
        }
    }

    /** A path as a client wrote it, absolute and without dots; relative ones begin at the root. */
    static String normal(String written) throws Refusal {
        try {
            return Path.of("/" + written).normalize().toString();
        } catch (IllegalArgumentException e) {
            throw Refusal.missing();
        }
    }

    /**
     * What is at a path, a link being followed.
     *
     * @param path as {@link #normal} gives it
     * @throws Refusal when nothing that is lent is there
     */
    Node follow(String path) throws Refusal {
        if (isLent(path)) {
            return paths.resolve(path).map(this::lent).orElseThrow(Refusal::missing);
        }
        return betweenAt(path);
    }

    /**
     * What is at a path; a link is the node itself, if it leads to what is lent.
     *
     * @param path as {@link #normal} gives it
     * @throws Refusal when nothing that is lent is there
     */
    Node at(String path) throws Refusal {
        Path asked = Path.of(path);
        if (!isLent(path) || paths.roots().contains(asked)) {
            return follow(path);
        }
        Path folder = paths.resolve(String.valueOf(asked.getParent())).orElseThrow(Refusal::missing);
        return entry(folder, String.valueOf(asked.getFileName())).orElseThrow(Refusal::missing);
    }

    /**
     * One name of a directory that is lent.
     *
     * @param folder without links in it
     */
    Optional<Node> entry(Path folder, String name) {
        Path path = folder.resolve(name);
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS) || (Files.isSymbolicLink(path) && !shown(path))) {
            return Optional.empty();
        }
        return Optional.of(lent(path));
    }

    private boolean shown(Path link) {
        if (paths.linkLent(link)) {
            return true;
        }
        // Where clients make links there are some that lead to nothing yet, or no more.
        try {
            return paths.writable(link)
                    && !Files.exists(link)
                    && lentByName(
                            link.resolveSibling(Files.readSymbolicLink(link)).normalize());
        } catch (IOException e) {
            return false;
        }
    }

    private Node.Lent lent(Path real) {
        return new Node.Lent(real, paths.writable(real));
    }

    /**
     * Where something with that name would be, in a directory that may be changed.
     *
     * @param path as {@link #normal} gives it; there need be nothing
     * @return without links before its last name
     * @throws Refusal when nothing may be changed there, or there is no such directory
     */
    Path place(String path) throws Refusal {
        Path asked = Path.of(path);
        if (asked.getParent() == null
                || !(follow(asked.getParent().toString()) instanceof Node.Lent(Path folder, boolean writable))
                || !writable) {
            throw Refusal.readOnly();
        }
        Path place = folder.resolve(asked.getFileName());
        if (!paths.writable(place)) {
            throw Refusal.readOnly();
        }
        return place;
    }

    /** Whether what a link would lead to is lent, going by names alone. */
    boolean lentByName(Path target) {
        return paths.lent(target) || isLent(target.toString());
    }

    SharedPaths paths() {
        return paths;
    }

    private boolean isLent(String path) {
        Path asked = Path.of(path);
        return paths.roots().stream().anyMatch(asked::startsWith);
    }

    private Node betweenAt(String path) throws Refusal {
        SortedSet<String> names = between.get(path);
        if (names == null) {
            throw Refusal.missing();
        }
        return new Node.Between(List.copyOf(names));
    }
}
