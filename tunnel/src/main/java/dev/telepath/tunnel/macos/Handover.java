package dev.telepath.tunnel.macos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A Unix socket over which another process hands over one open descriptor (SCM_RIGHTS). Who may open the socket is up to the folder
 * that it is in. One thread.
 */
public final class Handover implements AutoCloseable {
    private static final int SOCK_STREAM = 1;

    private final MacLibrary library;
    private final SocketLayout layout;
    private final Path path;
    private final int socket;

    private Handover(MacLibrary library, SocketLayout layout, Path path, int socket) {
        this.library = library;
        this.layout = layout;
        this.path = path;
        this.socket = socket;
    }

    /** Waits for it from now on. A socket that is left there is replaced. */
    public static Handover listen(MacLibrary library, Path path) throws IOException {
        return listen(library, SocketLayout.MACOS, path);
    }

    static Handover listen(MacLibrary library, SocketLayout layout, Path path) throws IOException {
        Files.deleteIfExists(path);
        int socket = library.socket(SocketLayout.AF_UNIX, SOCK_STREAM, 0);
        try {
            library.bind(socket, layout.address(path));
            library.listen(socket);
            return new Handover(library, layout, path, socket);
        } catch (IOException | IllegalArgumentException e) {
            library.close(socket);
            throw e;
        }
    }

    /**
     * Takes the descriptor. Waits for the other process; where that has said that it has given, there is nothing to wait for.
     *
     * @return the caller's to close
     * @throws IOException when something else came
     */
    public int take() throws IOException {
        int connection = library.accept(socket);
        try {
            byte[] message = new byte[layout.messageBytes()];
            int length = library.receive(connection, message);
            return layout.descriptor(message, length)
                    .orElseThrow(() -> new IOException("no descriptor came over " + path));
        } finally {
            library.close(connection);
        }
    }

    /**
     * Hands a descriptor to the process that listens. It stays open here too, and has to until the other has taken it: macOS can lose one that is
     * closed on its way.
     *
     * @return the connection that it went over, likewise the caller's to close
     */
    public static int give(MacLibrary library, Path path, int descriptor) throws IOException {
        return give(library, SocketLayout.MACOS, path, descriptor);
    }

    static int give(MacLibrary library, SocketLayout layout, Path path, int descriptor) throws IOException {
        int connection = library.socket(SocketLayout.AF_UNIX, SOCK_STREAM, 0);
        try {
            library.connect(connection, layout.address(path));
            library.send(connection, layout.message(descriptor));
            return connection;
        } catch (IOException | IllegalArgumentException e) {
            library.close(connection);
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        library.close(socket);
        Files.deleteIfExists(path);
    }
}
