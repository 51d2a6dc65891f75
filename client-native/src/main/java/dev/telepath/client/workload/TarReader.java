package dev.telepath.client.workload;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks a tar stream of files and folders: ustar, with pax and GNU long names. Devices are skipped, links that lead out
 * too, and names that lead out of the target are refused.
 */
final class TarReader {
    private static final int BLOCK = 512;
    private static final int OWNER_MAY_RUN = 0100;
    private static final int MAX_NAME = 64 * 1024;

    private final InputStream in;
    private long left;

    TarReader(InputStream in, long maxBytes) {
        this.in = in;
        this.left = maxBytes;
    }

    /** Unpacks into a folder of its own. */
    void extract(Path target) throws IOException {
        var writer = new FolderWriter(target, Set.of());
        extract(writer, "");
        writer.finish();
    }

    /**
     * Unpacks below a name. The links are made by the writer's end.
     *
     * @param under empty, or a name without a slash at its end
     */
    void extract(FolderWriter writer, String under) throws IOException {
        writer.folder(under);
        String longName = null;
        for (byte[] header = block(); header != null && header[0] != 0; header = block()) {
            long size = octal(header, 124, 12);
            char type = (char) header[156];
            String name = under + "/" + checked(longName != null ? longName : name(header));
            longName = null;
            switch (type) {
                case 'x' -> longName = paxPath(body(size));
                case 'L' -> longName = text(body(size), 0, (int) size);
                case '5' -> {
                    writer.folder(name);
                    skip(size);
                }
                case '2' -> {
                    writer.link(name, text(header, 157, 100));
                    skip(size);
                }
                case '0', '\0' -> {
                    boolean executable = (octal(header, 100, 8) & OWNER_MAY_RUN) != 0;
                    writer.file(name, executable, fresh -> file(fresh, size));
                }
                default -> skip(size);
            }
        }
    }

    private void file(Path file, long size) throws IOException {
        take(size);
        try (var out = Files.newOutputStream(file)) {
            byte[] buffer = new byte[8192];
            for (long rest = size; rest > 0; ) {
                int read = in.read(buffer, 0, (int) Math.min(buffer.length, rest));
                if (read < 0) {
                    throw new EOFException("the archive is cut short");
                }
                out.write(buffer, 0, read);
                rest -= read;
            }
        }
        in.skipNBytes(padding(size));
    }

    /** Names are relative to what was asked for, so none may lead out of that. */
    private static String checked(String name) throws IOException {
        Path path;
        try {
            path = Path.of("/" + name);
        } catch (InvalidPathException e) {
            throw new IOException("the archive has a name that no file can have", e);
        }
        int depth = 0;
        for (Path part : path) {
            depth += part.toString().equals("..") ? -1 : 1;
            if (depth < 0) {
                throw new IOException("the archive names a file outside of it");
            }
        }
        return name;
    }

    private void take(long size) throws IOException {
        left -= size;
        if (size < 0 || left < 0) {
            throw new IOException("more than share.max-bytes");
        }
    }

    private byte @Nullable [] block() throws IOException {
        byte[] block = in.readNBytes(BLOCK);
        return block.length < BLOCK ? null : block;
    }

    private byte[] body(long size) throws IOException {
        if (size < 0 || size > MAX_NAME) {
            throw new IOException("the archive has a name of " + size + " bytes");
        }
        byte[] body = in.readNBytes((int) size);
        in.skipNBytes(padding(size));
        return body;
    }

    private void skip(long size) throws IOException {
        take(size);
        in.skipNBytes(size + padding(size));
    }

    private static long padding(long size) {
        return (BLOCK - size % BLOCK) % BLOCK;
    }

    private static String name(byte[] header) {
        String prefix = text(header, 345, 155);
        String name = text(header, 0, 100);
        boolean ustar = text(header, 257, 5).equals("ustar");
        return ustar && !prefix.isEmpty() ? prefix + "/" + name : name;
    }

    private static @Nullable String paxPath(byte[] body) {
        for (String line : new String(body, StandardCharsets.UTF_8).split("\n")) {
            int space = line.indexOf(' ');
            if (space > 0 && line.startsWith("path=", space + 1)) {
                return line.substring(space + 6);
            }
        }
        return null;
    }

    private static String text(byte[] bytes, int at, int most) {
        int end = at;
        while (end < Math.min(bytes.length, at + most) && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, at, end - at, StandardCharsets.UTF_8);
    }

    private static long octal(byte[] header, int at, int length) throws IOException {
        String digits = text(header, at, length).strip();
        try {
            return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
        } catch (NumberFormatException e) {
            throw new IOException("the archive has a damaged header", e);
        }
    }

    static void copy(InputStream in, OutputStream out, long maxBytes) throws IOException {
        byte[] buffer = new byte[8192];
        long left = maxBytes;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            left -= read;
            if (left < 0) {
                throw new IOException("more than share.max-bytes");
            }
            out.write(buffer, 0, read);
        }
    }
}
