package dev.telepath.agent.sftp;

import dev.telepath.agent.sftp.Refusal.Status;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/** What one connection has open, a limited number. Confined to one thread. */
final class Handles implements AutoCloseable {
    /** Something open. */
    sealed interface Open {
        void close() throws IOException;
    }

    /** A file that is read. */
    record OpenFile(Path path, FileChannel channel) implements Open {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /**
     * A directory that is listed.
     *
     * @param path as the client wrote it, normal
     */
    record OpenFolder(String path, Iterator<String> names, DirectoryStream<Path> stream) implements Open {
        @Override
        public void close() throws IOException {
            stream.close();
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
