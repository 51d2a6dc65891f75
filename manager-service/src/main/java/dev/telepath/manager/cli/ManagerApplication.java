package dev.telepath.manager.cli;

import dev.telepath.manager.drain.Drain;
import dev.telepath.manager.legacy.LegacyPort;
import dev.telepath.manager.settings.ManagerSettings;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.vertx.http.HttpServer;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.inject.Inject;
import java.io.PrintStream;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** Runs once the TLS port listens: opens the legacy port, says where it listens, and waits for the end. */
final class ManagerApplication implements QuarkusApplication {
    /** System property: this start has made the installation. */
    static final String CREATED = "telepath.installation.created";

    private static final Logger LOG = Logger.getLogger(ManagerApplication.class);
    /** What a shell adds to the number of a signal. */
    private static final int SIGNALLED = 128;

    private final HttpServer server;
    private final LegacyPort legacy;
    private final ManagerSettings settings;
    private final Drain drain;

    @Inject
    ManagerApplication(HttpServer server, LegacyPort legacy, ManagerSettings settings, Drain drain) {
        this.server = server;
        this.legacy = legacy;
        this.settings = settings;
        this.drain = drain;
    }

    @Override
    public int run(String... args) throws Exception {
        // What a call says after it was given up is of no use to anybody, and not an error.
        Infrastructure.setDroppedExceptionHandler(late -> LOG.debugf("late failure cause=\"%s\"", late));
        // No context (request scope, transaction) goes with our streams; to carry one along costs a tenth of a byte's
        // way.
        Infrastructure.clearInterceptors();
        if (Boolean.getBoolean(CREATED)) {
            LOG.infof(
                    "new installation made data-dir=%s; print join tokens with: telepath-manager init",
                    settings.dataDir());
        }
        int port = server.getSecurePort();
        Optional<Integer> legacyPort = listenLegacy();
        LOG.infof("listening host=%s port=%d", settings.host(), port);
        PrintStream out = System.out;
        out.println("manager-port=" + port);
        legacyPort.ifPresent(one -> out.println("legacy-port=" + one));
        out.flush();
        endOnSignals();
        Quarkus.waitForExit();
        return 0;
    }

    /** The first signal begins the drain, the second ends the program at once. */
    private void endOnSignals() {
        var asked = new AtomicBoolean();
        SignalHandler end = signal -> {
            if (asked.compareAndSet(false, true)) {
                drain.begin().thenRun(() -> Quarkus.asyncExit(0));
            } else {
                Runtime.getRuntime().halt(SIGNALLED + signal.getNumber());
            }
        };
        Signal.handle(new Signal("TERM"), end);
        Signal.handle(new Signal("INT"), end);
    }

    private Optional<Integer> listenLegacy() {
        return settings.legacyPort().map(wanted -> {
            try {
                int port = legacy.listen(wanted);
                LOG.infof(
                        "listening for Telepresence peers, clear text host=%s port=%d agents=%s",
                        settings.host(), port, settings.legacyAgents());
                return port;
            } catch (Exception e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                throw new IllegalStateException(
                        "legacy port " + wanted + ": " + cause.getMessage() + "; choose another with --legacy-port");
            }
        });
    }
}
