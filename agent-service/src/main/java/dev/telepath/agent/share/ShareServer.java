package dev.telepath.agent.share;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;

/**
 * Serves what the workload lends, read-only, on loopback: {@code GET /files/PATH} one file, {@code GET /tar/PATH} a
 * directory as tar, {@code GET /logs} recent log lines. Every request carries the token. Each request has a thread, so that a
 * slow reader stops the reading of files; a limited number at once.
 */
public final class ShareServer implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(ShareServer.class);
    private static final int BUFFER = 32 * 1024;

    private final HttpServer server;
    private final SharedPaths paths;
    private final Reach reach;
    private final Optional<RecentLog> log;
    private final String token = random();
    private final String logToken = random();
    private final Semaphore running;
    /** No virtual ones: to reach a path may take calls of the C library. */
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().daemon().name("telepath-share-", 0).factory());

    private ShareServer(HttpServer server, SharedPaths paths, Optional<RecentLog> log, int limit) {
        this.server = server;
        this.paths = paths;
        this.reach = new Reach(paths);
        this.log = log;
        this.running = new Semaphore(limit);
    }

    private static String random() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /**
     * Starts on a port of loopback that the system chooses.
     *
     * @param limit requests at once; more are refused with 503
     */
    public static ShareServer start(SharedPaths paths, Optional<RecentLog> log, int limit) throws IOException {
        var http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), limit);
        var share = new ShareServer(http, paths, log, limit);
        http.setExecutor(share.threads);
        http.createContext("/", share::serve);
        http.start();
        return share;
    }

    public int port() {
        return server.getAddress().getPort();
    }

    /** Bearer token of this start. Secret. */
    public String token() {
        return token;
    }

    /** Bearer token that is good for {@code /logs} alone. Secret. */
    public String logToken() {
        return logToken;
    }

    /** What is lent. */
    public SharedPaths paths() {
        return paths;
    }

    private void serve(HttpExchange exchange) throws IOException {
        if (!running.tryAcquire()) {
            answer(exchange, 503, "too many requests at once");
            return;
        }
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            if (!bears(exchange, token) && !(path.equals("/logs") && bears(exchange, logToken))) {
                answer(exchange, 401, "the bearer token is missing or wrong");
            } else if (!exchange.getRequestMethod().equals("GET")) {
                answer(exchange, 405, "only GET is served");
            } else if (path.equals("/logs")) {
                logs(exchange);
            } else if (path.startsWith("/files/")) {
                file(exchange, path.substring("/files".length()));
            } else if (path.startsWith("/tar/")) {
                tar(exchange, path.substring("/tar".length()));
            } else {
                answer(exchange, 404, "expected /files/PATH, /tar/PATH or /logs");
            }
        } catch (IOException e) {
            // The reader went away, or a file could not be read: the response is cut, which the reader notices.
            LOG.debugf("share request ended early cause=\"%s\"", e.getMessage());
        } finally {
            running.release();
        }
    }

    private static boolean bears(HttpExchange exchange, String secret) {
        String given = exchange.getRequestHeaders().getFirst("Authorization");
        return given != null
                && MessageDigest.isEqual(
                        given.getBytes(StandardCharsets.UTF_8), ("Bearer " + secret).getBytes(StandardCharsets.UTF_8));
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = (text + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private void logs(HttpExchange exchange) throws IOException {
        if (log.isEmpty()) {
            answer(exchange, 404, "logs are not lent (telepath.agent.log-lines is 0)");
            return;
        }
        answer(exchange, 200, String.join("\n", log.get().lines()));
    }

    private void file(HttpExchange exchange, String requested) throws IOException {
        Optional<Path> file = paths.resolve(requested);
        if (file.isEmpty() || !Files.isRegularFile(file.get(), LinkOption.NOFOLLOW_LINKS)) {
            answer(exchange, 404, requested + " is no file that this workload lends");
            return;
        }
        try (Reach.Held held = reach.at(file.get());
                InputStream in = Files.newInputStream(held.path(), LinkOption.NOFOLLOW_LINKS)) {
            exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
            exchange.sendResponseHeaders(200, 0);
            copy(in, exchange.getResponseBody());
        }
    }

    private static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[BUFFER];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            out.write(buffer, 0, read);
        }
        out.flush();
    }

    private void tar(HttpExchange exchange, String requested) throws IOException {
        Optional<Path> directory = paths.resolve(requested);
        if (directory.isEmpty() || !Files.isDirectory(directory.get(), LinkOption.NOFOLLOW_LINKS)) {
            answer(exchange, 404, requested + " is no directory that this workload lends");
            return;
        }
        String state = TreeState.of(directory.get());
        exchange.getResponseHeaders().set("ETag", state);
        if (state.equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
            exchange.sendResponseHeaders(304, -1);
            return;
        }
        exchange.getResponseHeaders().set("Content-Type", "application/x-tar");
        exchange.sendResponseHeaders(200, 0);
        var tar = new TarWriter(exchange.getResponseBody());
        Files.walkFileTree(directory.get(), new Archive(directory.get(), tar, paths, reach));
        tar.finish();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    /** A directory tree on its way into an archive. Names are relative to the directory asked for. */
    private static final class Archive extends SimpleFileVisitor<Path> {
        private final Path top;
        private final TarWriter tar;
        private final SharedPaths paths;
        private final Reach reach;

        Archive(Path top, TarWriter tar, SharedPaths paths, Reach reach) {
            this.top = top;
            this.tar = tar;
            this.paths = paths;
            this.reach = reach;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) throws IOException {
            try {
                reach.folder(directory).close();
            } catch (NoSuchFileException e) {
                // A link lies in its place by now.
                return FileVisitResult.SKIP_SUBTREE;
            }
            if (!directory.equals(top)) {
                tar.directory(name(directory), seconds(attributes));
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            if (attributes.isSymbolicLink()) {
                if (paths.linkLent(file)) {
                    tar.link(name(file), Files.readSymbolicLink(file).toString(), seconds(attributes));
                }
            } else if (attributes.isRegularFile()) {
                // Unreadable files are left out rather than ending the archive.
                if (Files.isReadable(file)) {
                    add(file, attributes);
                }
            }
            return FileVisitResult.CONTINUE;
        }

        private void add(Path file, BasicFileAttributes attributes) throws IOException {
            try (Reach.Held held = reach.at(file);
                    InputStream in = Files.newInputStream(held.path(), LinkOption.NOFOLLOW_LINKS)) {
                int mode = Files.isExecutable(file) ? 0755 : 0644;
                tar.file(name(file), attributes.size(), mode, seconds(attributes), in);
            } catch (NoSuchFileException e) {
                LOG.debugf("file left out of archive path=%s cause=\"it is gone\"", file);
            }
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException cause) {
            LOG.debugf("file left out of archive path=%s cause=\"%s\"", file, cause.getMessage());
            return FileVisitResult.CONTINUE;
        }

        private String name(Path path) {
            return top.relativize(path).toString();
        }

        private static long seconds(BasicFileAttributes attributes) {
            return attributes.lastModifiedTime().toMillis() / 1000;
        }
    }
}
