package dev.telepath.agent.sftp;

import dev.telepath.agent.sftp.Refusal.Status;
import dev.telepath.agent.share.Reach;
import dev.telepath.tunnel.linux.PathHandle;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;

/** What one connection has open, a limited number. Confined to one thread. */
final class Handles implements AutoCloseable {
    /** Something open. */
    sealed interface Open {
        void close() throws IOException;
    }

    /**
     * A file that is read or written.
     *
     * @param path where it was when it was opened
     * @param reader empty unless it was opened for reading
     * @param writer empty unless it was opened for writing; may be the reader
     * @param handle the file whatever becomes of its name, where clients may change that
     */
    record OpenFile(Path path, Optional<FileChannel> reader, Optional<FileChannel> writer, Optional<PathHandle> handle)
            implements Open {
        @Override
        public void close() throws IOException {
            try (PathHandle held = handle.orElse(null);
                    FileChannel read = reader.orElse(null)) {
                if (writer.isPresent()) {
                    writer.get().close();
                }
            }
        }
    }

    /**
     * A directory that is listed.
     *
     * @param path as the client wrote it, normal
     * @param folder what it is reached by
     * @param real where it is; empty for one that only leads to what is lent
     */
    record OpenFolder(
            String path,
            Optional<Reach.Held> folder,
            Optional<Path> real,
            Iterator<String> names,
            DirectoryStream<Path> stream)
            implements Open {
        @Override
        public void close() throws IOException {
            try (Reach.Held held = folder.orElse(null)) {
                stream.close();
            }
        }
    }

    private final int most;
    private final Map<String, Open> open = new HashMap<>();
    private int serial;

    Handles(int most) {
        this.most = most;
    }

    /** Asked before something is opened. */
    void room() throws Refusal {
        if (open.size() >= most) {
            throw new Refusal(Status.FAILURE, "this connection has " + most + " files open, which is the limit");
        }
    }

    byte[] add(Open fresh) {
        String name = Integer.toString(serial++);
        open.put(name, fresh);
        return name.getBytes(StandardCharsets.US_ASCII);
    }

    OpenFile file(byte[] handle) throws Refusal {
        if (open.get(name(handle)) instanceof OpenFile file) {
            return file;
        }
        throw unknown();
    }

    OpenFolder folder(byte[] handle) throws Refusal {
        if (open.get(name(handle)) instanceof OpenFolder folder) {
            return folder;
        }
        throw unknown();
    }

    void close(byte[] handle) throws Refusal, IOException {
        Open known = open.remove(name(handle));
        if (known == null) {
            throw unknown();
        }
        known.close();
    }

    private static Refusal unknown() {
        return new Refusal(Status.FAILURE, "no such handle");
    }

    private static String name(byte[] handle) {
        return new String(handle, StandardCharsets.ISO_8859_1);
    }

    /** Closes all. */
    @Override
    public void close() throws IOException {
        for (Open each : open.values()) {
            each.close();
        }
        open.clear();
    }
}
