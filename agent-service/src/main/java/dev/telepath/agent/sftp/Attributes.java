package dev.telepath.agent.sftp;

import dev.telepath.tunnel.linux.PathHandle;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What a client learns of a file.
 *
 * @param mode type and permissions as in {@code st_mode}, without a right to write where clients have none
 * @param accessed seconds since 1970
 * @param modified seconds since 1970
 */
record Attributes(long size, int uid, int gid, int mode, long accessed, long modified) {
    private static final int FLAGS = 0x1 | 0x2 | 0x4 | 0x8;
    private static final int ALL_WRITE = 0222;
    private static final int TYPE = 0170000;
    private static final int DIRECTORY = 0040000;
    private static final int FILE = 0100000;
    private static final int LINK = 0120000;
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("MMM dd HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);

    /** Of a path itself, whatever a link leads to. */
    static Attributes of(Path path, boolean writable) throws IOException {
        return of(path, writable, LinkOption.NOFOLLOW_LINKS);
    }

    /** Of what is held. */
    static Attributes of(PathHandle handle, boolean writable) throws IOException {
        return of(handle.path(), writable, new LinkOption[0]);
    }

    private static Attributes of(Path path, boolean writable, LinkOption... options) throws IOException {
        Map<String, Object> all =
                Files.readAttributes(path, "unix:mode,size,uid,gid,lastAccessTime,lastModifiedTime", options);
        return new Attributes(
                value(all, "size", Long.class),
                value(all, "uid", Integer.class),
                value(all, "gid", Integer.class),
                value(all, "mode", Integer.class) & (writable ? ~0 : ~ALL_WRITE),
                seconds(value(all, "lastAccessTime", FileTime.class)),
                seconds(value(all, "lastModifiedTime", FileTime.class)));
    }

    boolean isFile() {
        return (mode & TYPE) == FILE;
    }

    boolean isDirectory() {
        return (mode & TYPE) == DIRECTORY;
    }

    private static <T> T value(Map<String, Object> all, String name, Class<T> type) {
        return type.cast(Objects.requireNonNull(all.get(name), name));
    }

    private static long seconds(FileTime time) {
        return time.toMillis() / 1000;
    }

    /** Of a directory that is only on the way to what is lent. */
    static Attributes between() {
        return new Attributes(0, 0, 0, DIRECTORY | 0555, 0, 0);
    }

    void write(DataOutputStream out) throws IOException {
        out.writeInt(FLAGS);
        out.writeLong(size);
        out.writeInt(uid);
        out.writeInt(gid);
        out.writeInt(mode);
        out.writeInt((int) accessed);
        out.writeInt((int) modified);
    }

    /** The line that {@code ls -l} has for it. */
    String line(String name) {
        var rights = new StringBuilder(
                switch (mode & TYPE) {
                    case DIRECTORY -> "d";
                    case LINK -> "l";
                    default -> "-";
                });
        for (int bit = 8; bit >= 0; bit--) {
            rights.append((mode >> bit & 1) == 0 ? '-' : "xwr".charAt(bit % 3));
        }
        return String.format(
                Locale.ROOT,
                "%s    1 %-8d %-8d %8d %s %s",
                rights,
                uid,
                gid,
                size,
                DATE.format(Instant.ofEpochSecond(modified)),
                name);
    }
}
