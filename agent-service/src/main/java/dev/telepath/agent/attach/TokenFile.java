package dev.telepath.agent.attach;

import dev.telepath.tunnel.transport.JoinToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/**
 * The file with the agent's token: a join token, or a bearer token alone beside a fingerprint, as Kubernetes projects it
 * into a pod and renews it. Thread-safe.
 */
public final class TokenFile {
    private static final Logger LOG = Logger.getLogger(TokenFile.class);
    /** Kubernetes renews a token when a fifth of its life, at least two minutes, is left. */
    private static final Duration FRESH = Duration.ofSeconds(60);

    private static final int MOST_BYTES = 16 * 1024;

    private final Path file;
    private final Optional<String> caFingerprint;
    private final Executor blocking;
    private final AtomicLong readAt = new AtomicLong();
    private volatile String bearer = "";

    /**
     * @param caFingerprint needed where the file has a bearer token alone
     * @param blocking reads the file again
     */
    public TokenFile(Path file, Optional<String> caFingerprint, Executor blocking) {
        this.file = file;
        this.caFingerprint = caFingerprint;
        this.blocking = blocking;
    }

    Path path() {
        return file;
    }

    /**
     * Reads the file. Blocks.
     *
     * @throws IOException when it cannot be read
     * @throws IllegalArgumentException when it holds no token; the message never repeats it
     */
    JoinToken read() throws IOException {
        String text;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new IllegalArgumentException("token file " + file + ": too large for a token");
            }
            text = Files.readString(file).strip();
        } catch (IOException e) {
            throw new IOException("token file " + file + " cannot be read: " + e, e);
        }
        try {
            boolean alone = caFingerprint.isPresent() && !text.startsWith("tp1.");
            JoinToken token = alone ? new JoinToken(caFingerprint.get(), checked(text)) : JoinToken.parse(text);
            bearer = token.bearer();
            readAt.set(System.nanoTime());
            return token;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("token file " + file + ": " + e.getMessage(), e);
        }
    }

    private static String checked(String text) {
        if (!text.matches("[A-Za-z0-9._~+/=-]+")) {
            throw new IllegalArgumentException("what is in it is no bearer token");
        }
        return text;
    }

    /** The bearer token of now; has the file read again, aside, when that was long ago. Does not block. */
    String bearer() {
        long before = readAt.get();
        long now = System.nanoTime();
        if (now - before > FRESH.toNanos() && readAt.compareAndSet(before, now)) {
            blocking.execute(() -> {
                try {
                    read();
                } catch (IOException | IllegalArgumentException e) {
                    LOG.warnf("token not renewed cause=\"%s\"", e.getMessage());
                }
            });
        }
        return bearer;
    }
}
