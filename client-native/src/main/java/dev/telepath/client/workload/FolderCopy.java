package dev.telepath.client.workload;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.protocol.v1.Offering;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A folder with a copy of what a workload lends, which can be brought up to date. It removes what it copied and what is gone, and
 * nothing else: a list of its files lies in the folder. Confined to one thread; blocks.
 */
public final class FolderCopy {
    /** The list of the files that were copied, names divided by zero bytes. */
    static final String LIST = ".telepath-files";

    /**
     * What a refresh did.
     *
     * @param files how many files and links there are now
     * @param changed new or different ones, relative to the folder
     * @param removed those that the workload has no more
     */
    public record Changes(int files, List<String> changed, List<String> removed) {
        /** Whether all was as before. */
        public boolean none() {
            return changed.isEmpty() && removed.isEmpty();
        }
    }

    private final Share source;
    private final Path folder;
    /** What the agent called the state of each path when it was copied. */
    private final Map<String, String> states = new HashMap<>();

    FolderCopy(Share source, Path folder) {
        this.source = source;
        this.folder = folder;
    }

    /**
     * Copies what changed.
     *
     * @param share as the agent lends now
     * @throws Failure when the agent cannot be reached, or the disk does not take it
     */
    public Changes refresh(Offering.Share share) {
        String doing = String.valueOf(folder);
        try {
            Set<String> before = read();
            var writer = new FolderWriter(folder, before);
            try {
                for (String path : share.getPathsList()) {
                    doing = path;
                    String name = name(path);
                    var fetched = source.fetch(share, path, name, states.getOrDefault(path, ""), writer);
                    if (fetched.isPresent()) {
                        states.put(path, fetched.get());
                    } else {
                        before.stream()
                                .filter(each -> each.equals(name) || each.startsWith(name + "/"))
                                .forEach(writer.present()::add);
                    }
                }
                writer.finish();
                List<String> removed = remove(writer, before);
                write(writer.present());
                return new Changes(
                        writer.present().size(),
                        writer.changed().stream().sorted().toList(),
                        removed);
            } catch (IOException | RuntimeException e) {
                // What was written before it failed is known to the next refresh.
                states.clear();
                writer.present().addAll(before);
                write(writer.present());
                throw e;
            }
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "cannot copy " + doing + " to " + folder + ": " + e.getMessage(),
                    "check space and permissions of the folder",
                    e);
        }
    }

    private static String name(String path) throws IOException {
        String name = Path.of("/" + path).normalize().toString().substring(1);
        if (name.isEmpty()) {
            throw new IOException("the agent lends a path that leads out of the folder");
        }
        return name;
    }

    private static List<String> remove(FolderWriter writer, Set<String> before) throws IOException {
        List<String> removed = new ArrayList<>();
        for (String name : before) {
            Path file = writer.top().resolve(name).normalize();
            Path parent = file.getParent();
            if (writer.present().contains(name)
                    || parent == null
                    || !Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                    || Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)
                    || !parent.toRealPath().startsWith(writer.top())) {
                continue;
            }
            Files.delete(file);
            removed.add(name);
            removeEmpty(parent, writer.top());
        }
        return removed;
    }

    private static void removeEmpty(Path folder, Path top) throws IOException {
        try {
            for (Path each = folder; each != null && !each.equals(top); each = each.getParent()) {
                Files.delete(each);
            }
        } catch (DirectoryNotEmptyException e) {
            // Others are in it.
            return;
        }
    }

    private Set<String> read() throws IOException {
        Path list = folder.resolve(LIST);
        var names = new TreeSet<String>();
        if (Files.isRegularFile(list, LinkOption.NOFOLLOW_LINKS)) {
            names.addAll(List.of(Files.readString(list).split("\0")));
            names.remove("");
        }
        return names;
    }

    private void write(Set<String> names) throws IOException {
        Path fresh = folder.resolve(LIST + ".new");
        Files.deleteIfExists(fresh);
        Files.write(fresh, String.join("\0", names).getBytes(StandardCharsets.UTF_8));
        Files.move(fresh, folder.resolve(LIST), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
