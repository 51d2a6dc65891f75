package dev.telepath.manager.security;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.jboss.logging.Logger;

/**
 * Renews the server's certificate while the manager runs: its own when it ends within 30 days, a supplied one when its
 * files have changed. The server reads the files again by itself; open connections stay.
 */
@Singleton
final class CertificateRenewal {
    private static final Logger LOG = Logger.getLogger(CertificateRenewal.class);
    /** The manager's own certificate has 30 days left when it is made anew. */
    private static final Duration LOOK_AT_OWN = Duration.ofHours(1);

    private static final Duration WARN_BEFORE = Duration.ofDays(7);

    private final ManagerSettings settings;
    private final Timer timer;
    private String fingerprint = "";
    private boolean warned;

    @Inject
    CertificateRenewal(ManagerSettings settings, Timer timer) {
        this.settings = settings;
        this.timer = timer;
    }

    void start(@Observes StartupEvent event) throws IOException {
        fingerprint = Installation.caFingerprint(Path.of(settings.dataDir()));
        Duration period = settings.certificateDir().isPresent() ? settings.certificateLook() : LOOK_AT_OWN;
        timer.every(period, () -> Thread.ofVirtual().name("certificate-renewal").start(this::look));
    }

    /** Blocks. */
    synchronized void look() {
        try {
            Installation installation = Installation.open(settings, timer.clock());
            if (installation.renewed()) {
                LOG.infof("server certificate renewed ends=%s", installation.ends());
            }
            String now = Installation.caFingerprint(installation.directory());
            if (!now.equals(fingerprint)) {
                fingerprint = now;
                LOG.warnf(
                        "CA is another one; restart the manager, and the workloads with agents, which pin it fingerprint=%s",
                        now);
            }
            Instant soon = timer.clock().instant().plus(WARN_BEFORE);
            boolean ending = installation.ends().isBefore(soon);
            if (ending && !warned) {
                LOG.warnf(
                        "server certificate ends soon, and is not this manager's to renew ends=%s",
                        installation.ends());
            }
            warned = ending;
        } catch (IOException e) {
            LOG.errorf("server certificate not looked after cause=\"%s\"", e.getMessage());
        }
    }
}
