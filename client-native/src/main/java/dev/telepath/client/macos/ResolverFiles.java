package dev.telepath.client.macos;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Files of macOS' {@code /etc/resolver}, by which the system asks a name server of its own for the names under a domain (resolver(5)).
 *
 * <p>Each says in its first line which process it belongs to. So the folder is the journal of what has to be undone: no file is there without
 * its record, and none that is somebody else's is ever touched. They go when this is closed; when this process dies in whatever way,
 * by {@link ResolverKeeper}; and when both were killed, as soon as the next process opens the folder. One thread.
 */
public final class ResolverFiles implements AutoCloseable {
    /** Where the system looks. */
    public static final Path FOLDER = Path.of("/etc/resolver");

    static final String PREFIX = "telepath-";
    private static final Logger LOG = Logger.getLogger(ResolverFiles.class);

    private final Path folder;
    private final ResolverOwner owner;
    private final Map<String, String> written = new HashMap<>();
    private @Nullable ResolverKeeper keeper;
    private boolean made;

    /** Begins with what dead processes have left behind: it goes. */
    public ResolverFiles(Path folder) throws IOException {
        this(folder, ResolverOwner.self());
    }

    ResolverFiles(Path folder, ResolverOwner owner) throws IOException {
        this.folder = folder;
        this.owner = owner;
        for (Map.Entry<Path, ResolverOwner> each : owned(folder).entrySet()) {
            if (!each.getValue().isAlive()) {
                Files.deleteIfExists(each.getKey());
                LOG.infof("resolver file of a dead process removed file=%s", each.getKey());
            }
        }
    }

    private static Map<Path, ResolverOwner> owned(Path folder) throws IOException {
        Map<Path, ResolverOwner> found = new TreeMap<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, PREFIX + "*")) {
            for (Path each : all) {
                owner(each).ifPresent(owner -> found.put(each, owner));
            }
        } catch (NoSuchFileException | NotDirectoryException none) {
            return Map.of();
        }
        return found;
    }

    private static Optional<ResolverOwner> owner(Path file) {
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            return Optional.ofNullable(reader.readLine()).flatMap(ResolverOwner::of);
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    /**
     * Names under these domains are asked of this machine's loopback from now on, and under no others that were given before.
     *
     * @param search domains that programs complete short names with; they are told by the first domain's file
     * @return what could not be done, each with its cause
     */
    public List<String> set(List<String> domains, List<String> search, int port) throws IOException {
        Map<String, String> wanted = new TreeMap<>();
        for (String domain : domains) {
            boolean first = domain.equals(domains.getFirst());
            wanted.put(domain, text(owner, domain, first ? search : List.of(), port));
        }
        for (String old : List.copyOf(written.keySet())) {
            if (!wanted.containsKey(old)) {
                Files.deleteIfExists(file(old));
                written.remove(old);
            }
        }
        if (!wanted.isEmpty()) {
            prepare();
        }
        List<String> failed = new ArrayList<>();
        wanted.forEach((domain, text) -> {
            if (!text.equals(written.get(domain))) {
                write(domain, text).ifPresent(why -> failed.add("names under " + domain + ": " + why));
            }
        });
        return failed;
    }

    private void prepare() throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder);
            made = true;
        }
        if (keeper == null) {
            keeper = ResolverKeeper.start(folder, owner, made);
        }
    }

    private Optional<String> write(String domain, String text) {
        Path file = file(domain);
        try {
            if (Files.exists(file) && !owner(file).equals(Optional.of(owner))) {
                return Optional.of("the file " + file + " is of another process");
            }
            // Systems before macOS 11 see a file that is new, and none that has changed.
            Files.deleteIfExists(file);
            Files.writeString(file, text, StandardOpenOption.CREATE_NEW);
            written.put(domain, text);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(file + " cannot be written: " + e.getMessage());
        }
    }

    private Path file(String domain) {
        return folder.resolve(PREFIX + domain);
    }

    /** A file's text. */
    static String text(ResolverOwner owner, String domain, List<String> search, int port) {
        return owner.line() + "\n"
                + "domain " + domain + "\n"
                + "nameserver 127.0.0.1\n"
                + "port " + port + "\n"
                // Before those that somebody else has for the same domain.
                + "search_order 1\n"
                + (search.isEmpty() ? "" : "search " + String.join(" ", search) + "\n");
    }

    @Override
    public void close() throws IOException {
        for (Map.Entry<Path, ResolverOwner> each : owned(folder).entrySet()) {
            if (each.getValue().equals(owner)) {
                Files.deleteIfExists(each.getKey());
            }
        }
        written.clear();
        ResolverKeeper started = keeper;
        if (started != null) {
            // It takes the folder away where we made it and nobody else uses it.
            started.close();
        }
    }
}
