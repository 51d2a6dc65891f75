package dev.telepath.client.privileged;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.control.LineChannel;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The daemon's end of the socket to the privileged process. Orders are carried out one after the other; they block. */
public final class PrivilegedLink implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(PrivilegedLink.class);
    private static final Duration ANSWER = Duration.ofSeconds(10);
    /** In place of an answer that will not come; no line is empty. */
    private static final String NONE = "";

    private final Path socket;
    private final ServerSocketChannel server;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>(1);
    private volatile @Nullable LineChannel lines;
    private volatile boolean closing;
    private volatile boolean over;

    private PrivilegedLink(Path socket, ServerSocketChannel server) {
        this.socket = socket;
        this.server = server;
    }

    /**
     * Waits for a process from now on.
     *
     * @param socket in the daemon's private folder
     */
    public static PrivilegedLink listen(Path socket) {
        try {
            Files.deleteIfExists(socket);
            var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            return new PrivilegedLink(socket, server);
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "cannot listen on " + socket + ": " + e.getMessage(),
                    "set TELEPATH_HOME to a writable folder",
                    e);
        }
    }

    /**
     * Takes the process, which was started meanwhile.
     *
     * @param most how long it is waited for
     * @param whenGone told once when it ends by itself
     * @throws Failure of kind TIMED_OUT
     */
    public void accept(Duration most, Runnable whenGone) {
        Thread timer = Thread.startVirtualThread(() -> {
            try {
                Thread.sleep(most);
                server.close();
            } catch (InterruptedException | IOException e) {
                LOG.tracef("waited no longer cause=\"%s\"", e);
            }
        });
        try {
            SocketChannel channel = server.accept();
            var opened = new LineChannel(channel);
            String hello = opened.read();
            lines = opened;
            LOG.infof("privileged process came hello=%s", hello);
            Thread.ofVirtual().name("privileged-read").start(() -> read(opened, whenGone));
        } catch (AsynchronousCloseException e) {
            throw new Failure(
                    Kind.TIMED_OUT,
                    "the process that changes this machine's network did not start within " + most.toSeconds() + " s",
                    "may you use sudo? without it: tp connect --network proxy",
                    e);
        } catch (IOException e) {
            throw gone(e);
        } finally {
            timer.interrupt();
        }
    }

    private void read(LineChannel from, Runnable whenGone) {
        try {
            for (String line = from.read(); line != null; line = from.read()) {
                if (!answers.offer(line)) {
                    LOG.warnf("privileged process said what nobody asked");
                }
            }
        } catch (IOException | Failure e) {
            LOG.debugf("privileged process not read cause=\"%s\"", e.getMessage());
        }
        over = true;
        // Whoever waits for an answer learns it at once.
        answers.offer(NONE);
        if (!closing) {
            LOG.warnf("privileged process gone");
            whenGone.run();
        }
    }

    /**
     * Has an order carried out.
     *
     * @return what of it could not be done, each with its cause
     * @throws Failure when nothing of it was done, or the process is gone
     */
    public synchronized List<String> order(Order order) {
        LineChannel to = lines;
        if (to == null) {
            throw gone(null);
        }
        try {
            answers.clear();
            if (over) {
                throw gone(null);
            }
            to.write(Wire.line(order.json()));
            String line = answers.poll(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
            if (line == null || line.equals(NONE)) {
                throw gone(null);
            }
            JsonNode answer = Wire.parse(line);
            if (!answer.path("ok").asBoolean()) {
                throw new Failure(
                        Kind.FAILED,
                        "this machine's network cannot be changed: "
                                + answer.path("cause").asText(),
                        "without that: tp connect --network proxy");
            }
            List<String> failed = new ArrayList<>();
            answer.path("failed").forEach(each -> failed.add(each.asText()));
            return failed;
        } catch (IOException e) {
            throw gone(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        }
    }

    private static Failure gone(@Nullable Exception cause) {
        return new Failure(
                Kind.FAILED,
                "the process that changes this machine's network is gone",
                "tp quit; tp connect --network tun",
                cause);
    }

    /** The process undoes what it did, and ends. */
    @Override
    public void close() {
        closing = true;
        try {
            server.close();
            LineChannel open = lines;
            if (open != null) {
                open.close();
            }
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.debugf("socket not closed socket=%s cause=\"%s\"", socket, e.getMessage());
        }
    }
}
