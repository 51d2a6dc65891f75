package dev.telepath.client.workload;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Writes files below one folder and nowhere else: names that lead out are refused, and links on the way are not followed. Each
 * file is whole at every moment. Confined to one thread.
 */
final class FolderWriter {
    private static final int MOST_FILES = 200_000;
    private static final String TEMPORARY = ".telepath-";

    private record Link(Path at, String target) {}

    /** Writes the contents of a file. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path fresh) throws IOException;
    }

    private final Path top;
    private final Set<String> ours;
    private final Set<String> present = new TreeSet<>();
    private final List<String> changed = new ArrayList<>();
    private final List<Link> links = new ArrayList<>();

    /**
     * @param folder made if need be
     * @param ours names that an earlier run wrote, whose links may be replaced by folders
     */
    FolderWriter(Path folder, Set<String> ours) throws IOException {
        Files.createDirectories(folder);
        this.top = folder.toRealPath();
        this.ours = ours;
    }

    /** Files and links that are there now, relative. */
    Set<String> present() {
        return present;
    }

    /** Those of them that are new or were not the same before. */
    List<String> changed() {
        return changed;
    }

    /** Without links in it. */
    Path top() {
        return top;
    }

    void folder(String name) throws IOException {
        makeFolder(inside(name));
    }

    /** Writes a file, read-only. */
    void file(String name, boolean executable, Content content) throws IOException {
        Path file = place(name);
        Path fresh = temporary(file);
        try {
            content.writeTo(fresh);
            boolean ready = fresh.toFile().setReadOnly()
                    && (!executable || fresh.toFile().setExecutable(true));
            if (!ready) {
                throw new IOException("cannot make " + file + " read-only");
            }
            boolean same = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    && Files.isExecutable(file) == executable
                    && Files.mismatch(fresh, file) < 0;
            if (!same) {
                replace(fresh, file);
            }
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Remembers a link; {@link #finish} makes it if it stays inside. One to an absolute path leads to its copy here. */
    void link(String name, String target) throws IOException {
        links.add(new Link(place(name), target));
    }

    /** Makes the links, now that what they lead to is there. */
    void finish() throws IOException {
        List<Path> made = new ArrayList<>();
        for (Link link : links) {
            Path folder = folderOf(link.at());
            Path target;
            try {
                target = Path.of(link.target());
            } catch (InvalidPathException e) {
                continue;
            }
            if (target.isAbsolute()) {
                target = folder.relativize(top.resolve(target.toString().substring(1)));
            }
            if (target.toString().isEmpty()
                    || !folder.resolve(target).normalize().startsWith(top)) {
                present.remove(relative(link.at()));
                continue;
            }
            made.add(link.at());
            boolean same = Files.isSymbolicLink(link.at())
                    && Files.readSymbolicLink(link.at()).equals(target);
            if (!same) {
                Path fresh = temporary(link.at());
                try {
                    Files.createSymbolicLink(fresh, target);
                    replace(fresh, link.at());
                } finally {
                    Files.deleteIfExists(fresh);
                }
            }
        }
        // By way of other links a link may lead elsewhere than its letters say.
        for (Path link : made) {
            if (Files.exists(link) && !link.toRealPath().startsWith(top)) {
                Files.delete(link);
                present.remove(relative(link));
            }
        }
    }

    private Path place(String name) throws IOException {
        Path place = inside(name);
        if (place.equals(top)) {
            throw new IOException("the archive has a file without a name");
        }
        if (present.size() >= MOST_FILES) {
            throw new IOException("more than " + MOST_FILES + " files");
        }
        makeFolder(folderOf(place));
        present.add(relative(place));
        return place;
    }

    private void replace(Path fresh, Path place) throws IOException {
        if (Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
            clear(place);
        }
        Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        changed.add(relative(place));
    }

    /** Removes a folder that has nothing in it but what an earlier run wrote and is gone. */
    private void clear(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> below = Files.walk(folder)) {
            all = below.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : all) {
            boolean gone = ours.contains(relative(each)) && !present.contains(relative(each));
            if (!gone && !Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileAlreadyExistsException(each.toString(), null, "is in the way; move it away");
            }
            Files.delete(each);
        }
    }

    /** Makes a folder and those above it, below the top. */
    private void makeFolder(Path folder) throws IOException {
        if (folder.equals(top)) {
            return;
        }
        makeFolder(folderOf(folder));
        if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            if (!ours.contains(relative(folder)) && !present.contains(relative(folder))) {
                throw new FileAlreadyExistsException(
                        folder.toString(), null, "is in the way of a folder; move it away");
            }
            Files.delete(folder);
            present.remove(relative(folder));
        }
        Files.createDirectory(folder);
    }

    private Path inside(String name) throws IOException {
        Path path;
        try {
            path = top.resolve(name.replaceFirst("^/+", "")).normalize();
        } catch (InvalidPathException e) {
            throw new IOException("the archive has a name that no file can have", e);
        }
        if (!path.startsWith(top)) {
            throw new IOException("the archive names a file outside of it");
        }
        return path;
    }

    private Path folderOf(Path inside) {
        Path folder = inside.getParent();
        return folder == null ? top : folder;
    }

    private Path temporary(Path beside) {
        return folderOf(beside).resolve(TEMPORARY + UUID.randomUUID());
    }

    private String relative(Path path) {
        return top.relativize(path).toString();
    }
}
