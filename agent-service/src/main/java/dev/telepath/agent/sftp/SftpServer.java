package dev.telepath.agent.sftp;

import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.share.SharedPaths;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jboss.logging.Logger;

/**
 * Serves what the workload lends by SFTP version 3, spoken on TCP without SSH, on loopback; a stream that this agent dials
 * reaches it. A client says {@value #GREETING}, the token and a line feed before its first packet; one that does not is served
 * only where that is allowed. Each connection has a thread; a limited number at once.
 */
public final class SftpServer implements AutoCloseable {
    /** What a line with the token begins with. An SFTP packet begins with a zero, so the two cannot be confused. */
    public static final String GREETING = "telepath-sftp ";

    private static final Logger LOG = Logger.getLogger(SftpServer.class);
    private static final int MOST_LINE = 256;
    private static final int GREETING_MILLIS = 10_000;
    private static final int BUFFER = 64 * 1024;

    /**
     * Limits and rules.
     *
     * @param connections at once; more are closed at once
     * @param handles open files and directories of one connection
     * @param open whether clients are served that bring no token, as those of Telepresence
     */
    public record Rules(int connections, int handles, boolean open) {}

    private final ServerSocket listener;
    private final LentTree tree;
    private final String token;
    private final Rules rules;
    private final AgentMetrics metrics;
    private final Semaphore free;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    /** No virtual ones: handles of paths are calls of the C library. */
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().daemon().name("telepath-sftp-", 0).factory());

    private SftpServer(ServerSocket listener, LentTree tree, String token, Rules rules, AgentMetrics metrics) {
        this.listener = listener;
        this.tree = tree;
        this.token = token;
        this.rules = rules;
        this.metrics = metrics;
        this.free = new Semaphore(rules.connections());
    }

    /**
     * Starts on a port of loopback that the system chooses.
     *
     * @param token that clients bring, secret
     */
    public static SftpServer start(SharedPaths lent, String token, Rules rules, AgentMetrics metrics)
            throws IOException {
        var tree = new LentTree(lent);
        var listener = new ServerSocket(0, rules.connections(), InetAddress.getLoopbackAddress());
        var server = new SftpServer(listener, tree, token, rules, metrics);
        server.threads.execute(server::accept);
        return server;
    }

    public int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                if (free.tryAcquire()) {
                    sockets.add(socket);
                    threads.execute(() -> serve(socket));
                } else {
                    socket.close();
                    metrics.sftpRefused("too-many");
                    LOG.warnf("sftp connection refused cause=\"%d at once are the limit\"", rules.connections());
                }
            } catch (IOException | java.util.concurrent.RejectedExecutionException e) {
                if (!listener.isClosed()) {
                    LOG.warnf("sftp connection not accepted cause=\"%s\"", e.getMessage());
                }
            }
        }
    }

    private void serve(Socket socket) {
        metrics.sftpBegan();
        long began = System.nanoTime();
        var counting = new Counting(metrics);
        String result = "ok";
        long requests = 0;
        try (socket;
                var in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER));
                var out = new BufferedOutputStream(socket.getOutputStream(), BUFFER);
                var conversation = new Conversation(tree, in, out, rules.handles(), counting)) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(GREETING_MILLIS);
            if (admitted(in)) {
                conversation.begin();
                socket.setSoTimeout(0);
                try {
                    conversation.run();
                } finally {
                    requests = conversation.requests();
                }
            } else {
                result = "no-token";
            }
        } catch (SocketTimeoutException e) {
            result = "silent";
        } catch (IOException e) {
            result = "lost";
            LOG.debugf("sftp connection lost cause=\"%s\"", e.getMessage());
        } finally {
            sockets.remove(socket);
            free.release();
            metrics.sftpEnded(result);
            LOG.infof(
                    "sftp connection ended result=%s requests=%d bytes=%d written=%d millis=%d",
                    result, requests, counting.read, counting.written, (System.nanoTime() - began) / 1_000_000);
        }
    }

    /** Of one connection. Confined to its thread. */
    private static final class Counting implements Conversation.Traffic {
        private final AgentMetrics metrics;
        private long read;
        private long written;

        Counting(AgentMetrics metrics) {
            this.metrics = metrics;
        }

        @Override
        public void read(long bytes) {
            read += bytes;
            metrics.sftpBytes(bytes);
        }

        @Override
        public void written(long bytes) {
            written += bytes;
            metrics.sftpWritten(bytes);
        }
    }

    /** Reads the line with the token, if there is one. */
    private boolean admitted(DataInputStream in) throws IOException {
        in.mark(1);
        int first = in.read();
        if (first <= 0) {
            in.reset();
            return first == 0 && rules.open();
        }
        var line = new StringBuilder().append((char) first);
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            if (line.length() >= MOST_LINE) {
                return false;
            }
            line.append((char) next);
        }
        return MessageDigest.isEqual(
                line.toString().getBytes(StandardCharsets.ISO_8859_1),
                (GREETING + token).getBytes(StandardCharsets.ISO_8859_1));
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            LOG.debugf("sftp not closed cause=\"%s\"", e.getMessage());
        }
        threads.shutdownNow();
    }
}
