package dev.telepath.tunnel.reconnect;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Looks from time to time whether this machine's addresses or the token file changed, which are reasons to try again or to
 * doubt a connection. Owns one virtual thread, on which the callbacks run. Thread-safe.
 */
public final class Surroundings implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Surroundings.class);

    private final Duration period;
    private final Supplier<Set<InetAddress>> addresses;
    private final Optional<Path> tokenFile;
    private final Runnable networkChanged;
    private final Runnable tokenChanged;
    private final Thread thread = Thread.ofVirtual().name("surroundings").unstarted(this::run);

    /**
     * Of this machine.
     *
     * @param period between two looks
     * @param tokenFile that may be written again; it may be absent
     * @param networkChanged called when interfaces that are up have other addresses than before; must not block for long
     * @param tokenChanged called when the file was written, made or removed; must not block for long
     */
    public Surroundings(Duration period, Optional<Path> tokenFile, Runnable networkChanged, Runnable tokenChanged) {
        this(period, Surroundings::addressesNow, tokenFile, networkChanged, tokenChanged);
    }

    Surroundings(
            Duration period,
            Supplier<Set<InetAddress>> addresses,
            Optional<Path> tokenFile,
            Runnable networkChanged,
            Runnable tokenChanged) {
        this.period = period;
        this.addresses = addresses;
        this.tokenFile = tokenFile;
        this.networkChanged = networkChanged;
        this.tokenChanged = tokenChanged;
    }

    /** Begins. Once. */
    public void start() {
        thread.start();
    }

    private void run() {
        Set<InetAddress> before = addresses.get();
        Optional<FileTime> written = written();
        try {
            while (true) {
                Thread.sleep(period);
                Set<InetAddress> now = addresses.get();
                if (!now.equals(before)) {
                    LOG.infof("network changed addresses=%d", now.size());
                    before = now;
                    networkChanged.run();
                }
                Optional<FileTime> writtenNow = written();
                if (!writtenNow.equals(written)) {
                    LOG.infof("token file changed");
                    written = writtenNow;
                    tokenChanged.run();
                }
            }
        } catch (InterruptedException e) {
            LOG.debugf("surroundings no longer looked at");
        }
    }

    /** Of the interfaces that are up; empty when the system does not tell. */
    private static Set<InetAddress> addressesNow() {
        Set<InetAddress> all = new HashSet<>();
        try {
            NetworkInterface.networkInterfaces().forEach(each -> {
                if (isUp(each)) {
                    each.inetAddresses().forEach(all::add);
                }
            });
        } catch (IOException e) {
            LOG.debugf("addresses not read cause=\"%s\"", e.getMessage());
        }
        return all;
    }

    private static boolean isUp(NetworkInterface each) {
        try {
            return each.isUp();
        } catch (IOException e) {
            return false;
        }
    }

    private Optional<FileTime> written() {
        return tokenFile.flatMap(file -> {
            try {
                return Optional.of(Files.getLastModifiedTime(file));
            } catch (IOException e) {
                return Optional.empty();
            }
        });
    }

    /** Ends it; a callback that runs is not waited for. */
    @Override
    public void close() {
        thread.interrupt();
    }
}
