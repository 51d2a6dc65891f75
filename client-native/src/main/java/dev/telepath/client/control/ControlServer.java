package dev.telepath.client.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;

/**
 * The daemon's end of the control socket. A lock file keeps a second daemon away; a socket that a crash left behind is
 * replaced. One virtual thread per connection reads, one per request answers, so that a command line that goes away
 * is noticed while its request is still under way.
 */
public final class ControlServer implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(ControlServer.class);
    /** More command lines than one person can run; bounds what a runaway script can use up. */
    private static final int MAX_CONNECTIONS = 256;

    private final Path socket;
    private final FileChannel lockFile;
    private final ServerSocketChannel server;
    private final CommandHandler handler;
    private final String version;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Semaphore room = new Semaphore(MAX_CONNECTIONS);

    private ControlServer(
            Path socket, FileChannel lockFile, ServerSocketChannel server, CommandHandler handler, String version) {
        this.socket = socket;
        this.lockFile = lockFile;
        this.server = server;
        this.handler = handler;
        this.version = version;
    }

    /**
     * Takes the lock and listens.
     *
     * @throws Failure of kind CONFLICT when another daemon holds the lock
     */
    public static ControlServer open(Path socket, Path lock, CommandHandler handler, String version) {
        try {
            FileChannel lockFile = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!locked(lockFile)) {
                lockFile.close();
                throw new Failure(
                        Kind.CONFLICT, "another daemon runs already (" + lock + " is locked)", "use tp status");
            }
            Files.deleteIfExists(socket);
            var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            var control = new ControlServer(socket, lockFile, server, handler, version);
            Thread.ofVirtual().name("control-accept").start(control::accept);
            return control;
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "cannot listen on " + socket + ": " + e.getMessage(),
                    "set TELEPATH_HOME to a writable folder",
                    e);
        }
    }

    /** The lock lives as long as the channel, which the server keeps. */
    private static boolean locked(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel channel = server.accept();
                if (!room.tryAcquire()) {
                    LOG.warnf("control connection refused open=%d", MAX_CONNECTIONS);
                    channel.close();
                    continue;
                }
                var connection = new Connection(new LineChannel(channel));
                connections.add(connection);
                Thread.ofVirtual().name("control-read").start(connection::serve);
            } catch (IOException e) {
                if (server.isOpen()) {
                    LOG.warnf("control accept failed cause=\"%s\"", e.getMessage());
                }
            }
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            connections.forEach(Connection::close);
            Files.deleteIfExists(socket);
            lockFile.close();
        } catch (IOException e) {
            LOG.warnf("control socket not removed socket=%s cause=\"%s\"", socket, e.getMessage());
        }
    }

    private final class Connection implements Caller {
        private final LineChannel lines;
        private final List<Runnable> whenGone = new ArrayList<>();
        private boolean gone;
        private boolean busy;

        Connection(LineChannel lines) {
            this.lines = lines;
        }

        void serve() {
            try {
                ObjectNode hello = Wire.JSON.createObjectNode();
                hello.putObject("hello")
                        .put("protocol", Wire.PROTOCOL)
                        .put("version", version)
                        .put("pid", ProcessHandle.current().pid());
                send(hello);
                for (String line = lines.read(); line != null; line = lines.read()) {
                    request(line);
                }
            } catch (Failure e) {
                send(Wire.error(e));
            } catch (IOException e) {
                LOG.debugf("control connection broke cause=\"%s\"", e.getMessage());
            } finally {
                close();
            }
        }

        private void request(String line) {
            ObjectNode request;
            try {
                request = Wire.parse(line);
            } catch (Failure e) {
                send(Wire.error(e));
                return;
            }
            synchronized (this) {
                if (busy) {
                    send(Wire.error(
                            new Failure(Kind.USAGE, "a request is under way on this connection", "open another one")));
                    return;
                }
                busy = true;
            }
            Thread.ofVirtual().name("control-request").start(() -> answer(request));
        }

        private void answer(ObjectNode request) {
            ObjectNode reply = reply(request);
            synchronized (this) {
                busy = false;
            }
            send(reply);
        }

        private ObjectNode reply(ObjectNode request) {
            try {
                JsonNode args = request.path("args");
                ObjectNode reply = Wire.JSON.createObjectNode();
                reply.set("result", handler.handle(request.path("command").asText(""), args, this));
                return reply;
            } catch (Failure e) {
                return Wire.error(e);
            } catch (RuntimeException e) {
                LOG.errorf(
                        e, "command failed command=%s", request.path("command").asText(""));
                return Wire.error(
                        new Failure(Kind.FAILED, "the daemon failed: " + e, "see tp gather-logs; please report this"));
            }
        }

        private void send(JsonNode node) {
            byte[] line = Wire.line(node);
            if (line.length > Wire.MAX_LINE) {
                line = Wire.line(Wire.error(new Failure(
                        Kind.FAILED,
                        "the answer is longer than " + Wire.MAX_LINE + " bytes",
                        "ask for less, e.g. one namespace")));
            }
            try {
                lines.write(line);
            } catch (IOException e) {
                LOG.debugf("control connection broke cause=\"%s\"", e.getMessage());
            }
        }

        @Override
        public void progress(String text) {
            send(Wire.JSON.createObjectNode().put("progress", text));
        }

        @Override
        public synchronized boolean gone() {
            return gone;
        }

        @Override
        public void onGone(Runnable action) {
            synchronized (this) {
                if (!gone) {
                    whenGone.add(action);
                    return;
                }
            }
            action.run();
        }

        void close() {
            List<Runnable> actions;
            synchronized (this) {
                if (gone) {
                    return;
                }
                gone = true;
                actions = List.copyOf(whenGone);
            }
            lines.close();
            connections.remove(this);
            room.release();
            for (Runnable action : actions) {
                Thread.ofVirtual().name("control-gone").start(action);
            }
        }
    }

    /** Connections open now. */
    public int connections() {
        return connections.size();
    }
}
