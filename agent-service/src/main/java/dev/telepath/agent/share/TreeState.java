package dev.telepath.agent.share;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** Whether a directory tree is as before, told by names, sizes, times and links, without reading a file. */
final class TreeState extends SimpleFileVisitor<Path> {
    private final Path top;
    private final Map<String, String> entries = new TreeMap<>();

    private TreeState(Path top) {
        this.top = top;
    }

    /** The state of a tree as an entity tag, another one after any change but one that keeps a file's size and time. */
    static String of(Path top) throws IOException {
        var state = new TreeState(top);
        Files.walkFileTree(top, state);
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            state.entries.forEach((name, said) -> {
                digest.update(name.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0);
                digest.update(said.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0);
            });
            return '"' + HexFormat.of().formatHex(digest.digest()) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
        entries.put(top.relativize(directory) + "/", "");
        return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        String said = attributes.isSymbolicLink()
                ? "link " + Files.readSymbolicLink(file)
                : attributes.size() + " " + attributes.lastModifiedTime().toInstant() + " " + Files.isReadable(file);
        entries.put(top.relativize(file).toString(), said);
        return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException cause) {
        return FileVisitResult.CONTINUE;
    }
}
