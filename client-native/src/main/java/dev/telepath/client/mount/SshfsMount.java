package dev.telepath.client.mount;

import dev.telepath.client.failure.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A folder that sshfs shows the far files in until it is closed. sshfs speaks through its standard input and output to
 * this daemon and not to a port, which other users of the machine could use as well. It ends when the daemon does,
 * and takes its mount along. When sshfs or the way to the files ends, both are made again, with back-off.
 */
public final class SshfsMount implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(SshfsMount.class);
    private static final Duration FIRST_WAIT = Duration.ofMillis(500);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);
    private static final int BUFFER = 64 * 1024;
    private static final int MOST_COMPLAINT = 2048;
    private static final int LOOK_MILLIS = 20;

    /** Opens the way to an SFTP server that takes packets at once. Blocks. */
    @FunctionalInterface
    public interface Way {
        Socket open() throws IOException;
    }

    private final Path folder;
    private final Way way;
    private final boolean readOnly;
    private final Map<String, String> environment;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread keeper;
    private volatile @Nullable Process sshfs;
    private volatile String trouble = "it takes too long";

    private SshfsMount(Path folder, Way way, boolean readOnly, Map<String, String> environment) {
        this.folder = folder;
        this.way = way;
        this.readOnly = readOnly;
        this.environment = environment;
        this.keeper = Thread.ofVirtual().name("mount").unstarted(this::keep);
    }

    /**
     * Begins to mount, and goes on trying. Does not wait.
     *
     * @param folder absolute; it is there
     * @param readOnly whether nothing is written, whatever the far side would take
     * @param environment of this process; sshfs is found by its PATH
     */
    public static SshfsMount start(Path folder, Way way, boolean readOnly, Map<String, String> environment) {
        var mount = new SshfsMount(folder, way, readOnly, environment);
        mount.keeper.start();
        return mount;
    }

    /**
     * Waits until the files are there.
     *
     * @return whether they came in time
     */
    public boolean await(Duration most) {
        long end = System.nanoTime() + most.toNanos();
        try {
            while (System.nanoTime() < end) {
                if (MountTable.mounted(folder)) {
                    return true;
                }
                if (closed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                    return false;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    /** Why it is not mounted, as far as that is known. */
    public String trouble() {
        return trouble;
    }

    private void keep() {
        Duration wait = FIRST_WAIT;
        try {
            while (closed.getCount() > 0) {
                long began = System.nanoTime();
                try {
                    mountOnce();
                } catch (IOException | Failure e) {
                    trouble = String.valueOf(e.getMessage());
                }
                MountTable.unmount(folder, environment);
                boolean held = System.nanoTime() - began > LONGEST_WAIT.toNanos();
                wait = held ? FIRST_WAIT : wait;
                if (closed.await(wait.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                LOG.infof("mount is made again folder=%s cause=\"%s\"", folder, trouble);
                wait = wait.multipliedBy(2).compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait.multipliedBy(2);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Mounts, and returns when that has ended. */
    private void mountOnce() throws IOException, InterruptedException {
        Path program = MountTable.program("sshfs", environment).orElseThrow(() -> new IOException("no sshfs"));
        try (Socket far = way.open()) {
            Process process = new ProcessBuilder(List.of(
                            program.toString(),
                            "-f",
                            "-o",
                            // Volumes are file systems of their own, between which a program moves files by copying.
                            // Folders and links are remembered for 2 s instead of 20: the folder that a
                            // ConfigMap's link led to is gone with its next version.
                            "slave,fsname=telepath,dcache_timeout=2," + (readOnly ? "ro" : "workaround=renamexdev"),
                            "localhost:/",
                            folder.toString()))
                    .start();
            sshfs = process;
            try {
                if (closed.getCount() == 0) {
                    return;
                }
                pump(far.getInputStream(), process.getOutputStream(), process);
                pump(process.getInputStream(), far.getOutputStream(), process);
                int code = process.waitFor();
                byte[] said = process.getErrorStream().readNBytes(MOST_COMPLAINT);
                trouble = "sshfs ended with " + code + ": "
                        + new String(said, StandardCharsets.UTF_8).strip().replace('\n', ' ');
            } finally {
                process.destroy();
            }
        }
    }

    /** Copies until one side ends; then sshfs, which waits for nobody, is ended too. */
    private static void pump(InputStream from, OutputStream to, Process process) {
        Thread.ofPlatform().daemon().name("mount-bytes").start(() -> {
            byte[] buffer = new byte[BUFFER];
            try (to) {
                for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
                    to.write(buffer, 0, read);
                    to.flush();
                }
            } catch (IOException e) {
                LOG.debugf("mount ended cause=\"%s\"", e.getMessage());
            } finally {
                process.destroy();
            }
        });
    }

    /** Unmounts, and waits a few seconds at most until that is done. The folder stays. */
    @Override
    public void close() {
        closed.countDown();
        MountTable.unmount(folder, environment);
        Process process = sshfs;
        if (process != null) {
            process.destroy();
        }
        try {
            keeper.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
