package dev.telepath.tunnel.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** Finds out whether a manager answers at an address, by a TLS handshake that tells nobody anything of the caller. */
public final class ManagerProbe {
    private ManagerProbe() {}

    /**
     * Connects, and looks whose certificate what answers there has. Blocks for no longer than both durations.
     *
     * @param caFingerprint of the manager's CA, as in a join token
     * @param connect that a TCP connection may take, 1 ms or more
     * @param handshake that TLS may take, 1 ms or more
     * @return whether it is a manager of that CA; false also where nothing answers
     */
    public static boolean answers(
            InetSocketAddress address, String caFingerprint, Duration connect, Duration handshake) {
        var over = new CompletableFuture<Void>();
        try (var socket = new Socket()) {
            socket.connect(address, (int) connect.toMillis());
            // A time-out of a read would be begun again by each byte of somebody who sends one at a time.
            over.completeOnTimeout(null, handshake.toMillis(), TimeUnit.MILLISECONDS)
                    .thenRun(() -> end(socket));
            try (var tls = (SSLSocket) context(caFingerprint)
                    .getSocketFactory()
                    .createSocket(socket, ManagerChannel.AUTHORITY, address.getPort(), true)) {
                tls.startHandshake();
                return true;
            }
        } catch (IOException e) {
            return false;
        } finally {
            over.cancel(false);
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone.
        }
    }

    private static SSLContext context(String caFingerprint) {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new PinnedTrust(caFingerprint)}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("TLS is not available in this Java runtime", e);
        }
    }
}
