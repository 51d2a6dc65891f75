package dev.telepath.client.logs;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The zip file of gather-logs. Whole or not there: a bundle that cannot be finished is removed. Blocks. */
public final class LogBundle implements AutoCloseable {
    private final Path file;
    private final ZipOutputStream zip;
    private boolean finished;

    private LogBundle(Path file, ZipOutputStream zip) {
        this.file = file;
        this.zip = zip;
    }

    /**
     * @throws Failure when the file cannot be made, or exists
     */
    public static LogBundle create(Path file) {
        try {
            return new LogBundle(file, new ZipOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)));
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /** Adds a text or the bytes of a file. */
    public void add(String name, byte[] content) {
        try {
            zip.putNextEntry(new ZipEntry(name));
            zip.write(content);
            zip.closeEntry();
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    public void add(String name, String content) {
        add(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds the files of a folder. */
    public void addFolder(String prefix, Path folder) {
        List<Path> files;
        try (var listed = Files.list(folder)) {
            files = listed.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            add(prefix + "unreadable.txt", folder + ": " + e.getMessage() + "\n");
            return;
        }
        for (Path each : files) {
            try {
                zip.putNextEntry(new ZipEntry(prefix + each.getFileName()));
                Files.copy(each, zip);
                zip.closeEntry();
            } catch (IOException e) {
                throw unwritable(file, e);
            }
        }
    }

    /** Ends the bundle; without it, {@link #close()} removes the file. */
    public void finish() {
        try {
            zip.close();
            finished = true;
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    @Override
    public void close() {
        if (finished) {
            return;
        }
        try {
            zip.close();
        } catch (IOException e) {
            org.jboss.logging.Logger.getLogger(LogBundle.class)
                    .debugf("bundle not closed cause=\"%s\"", e.getMessage());
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static Failure unwritable(Path file, IOException cause) {
        String why = switch (cause) {
            case FileAlreadyExistsException exists -> "it exists already";
            case NoSuchFileException missing -> "there is no such folder";
            case AccessDeniedException denied -> "permission denied";
            default -> String.valueOf(cause.getMessage());
        };
        return new Failure(
                Kind.FAILED, "cannot write " + file + ": " + why, "choose another place with --output-file", cause);
    }
}
